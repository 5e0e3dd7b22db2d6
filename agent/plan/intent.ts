import { iso } from "../../core/clock/clock.ts";
import type { Instruction, InstructionList } from "../../core/message/instruction.ts";
import { overrideAt, type Override } from "./override.ts";

/** Who wants it, lowest authority first; the guard stands above all of them. */
export type Authority = "safe-state" | "instruction" | "override";

/** What one appliance should do now, and why. */
export interface Intent {
  resource: string;
  on: boolean;
  authority: Authority;
  reason: string;
}

/** What an appliance does when nobody asks for anything else. */
export interface Fallback {
  resource: string;
  safeOn: boolean;
}

/** The instruction that holds at an instant: the latest to begin among those in force. */
export function instructionAt(list: InstructionList, nowMs: number): Instruction | undefined {
  let found: Instruction | undefined;
  for (const instruction of list.instructions) {
    if (Date.parse(instruction.executionTime) > nowMs || Date.parse(instruction.validUntil) <= nowMs) continue;
    if (!found || Date.parse(instruction.executionTime) >= Date.parse(found.executionTime)) found = instruction;
  }
  return found;
}

/** What should run now: the resident's override, else the instruction in force, else the declared safe state. Pure. */
export function intents(
  fallbacks: readonly Fallback[],
  lists: ReadonlyMap<string, InstructionList>,
  nowMs: number,
  overrides: readonly Override[] = [],
): Intent[] {
  return fallbacks.map(({ resource, safeOn }) => {
    const override = overrideAt(overrides, resource, nowMs);
    if (override) {
      const reason = `${override.mode} until ${iso(override.untilMs)}`;
      return { resource, on: override.mode === "boost", authority: "override", reason };
    }
    const list = lists.get(resource);
    const instruction = list && instructionAt(list, nowMs);
    if (!instruction) return { resource, on: safeOn, authority: "safe-state", reason: "no instruction in force" };
    return { resource, on: instruction.operationModeId === "on", authority: "instruction", reason: instruction.reason };
  });
}
