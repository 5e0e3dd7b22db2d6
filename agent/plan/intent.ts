import { iso } from "../../core/clock/clock.ts";
import { instructionAt } from "../../core/instruction-at.ts";
import type { Instruction, InstructionList } from "../../core/message/instruction.ts";
import type { OperationMode, Setting } from "../../core/setting.ts";
import { overrideAt, type Override } from "./override.ts";

/** Who wants it, lowest authority first; the guard's limits stand between comfort and the resident, and safety. */
export const authorities = ["safe-state", "local", "instruction", "comfort", "override", "safety"] as const;
export type Authority = (typeof authorities)[number];

/** Place in the order of authority; more is higher. */
export function authorityRank(authority: Authority): number {
  return authorities.indexOf(authority);
}

/** What one appliance should do now, and why. */
export interface Intent {
  resource: string;
  setting: Setting;
  authority: Authority;
  reason: string;
  /** A reduction waits for no minimum on time: the end of a relay test. */
  urgent?: true;
}

/** An appliance as far as a plan must know it. */
export interface Planned {
  resource: string;
  modes: readonly OperationMode[];
  /** What it does when nobody asks for anything else. */
  safe: Setting;
  /** What a resident's pause means. */
  least: Setting;
}

/** The setting that an instruction asks for; undefined where the appliance has no such mode. */
export function settingOf(
  modes: readonly OperationMode[],
  { operationModeId, operationModeFactor = 1 }: Pick<Instruction, "operationModeId" | "operationModeFactor">,
): Setting | undefined {
  const mode = modes.find(({ id }) => id === operationModeId);
  return mode && { mode: mode.id, powerW: Math.round(mode.minW + operationModeFactor * (mode.maxW - mode.minW)) };
}

/** What is known when it is asked what should run. */
export interface PlanInput {
  /** Wall clock, ms since 1970. */
  nowMs: number;
  /** Of the aggregator, by resource. */
  instructions: ReadonlyMap<string, InstructionList>;
  /** The house's own plan, by resource; empty while the aggregator is there. */
  local: ReadonlyMap<string, InstructionList>;
  overrides: readonly Override[];
  /** What comfort, deadlines and the safety of pipes want whatever it costs, by resource. */
  needs: ReadonlyMap<string, Intent>;
}

/** What should run now: safety, the resident's override, comfort, the aggregator's instruction, the own plan, else the safe state. Pure. */
export function intents(appliances: readonly Planned[], input: PlanInput): Intent[] {
  return appliances.map((appliance) => {
    const need = input.needs.get(appliance.resource);
    const wish =
      overridden(appliance, input) ??
      instructed(appliance, input.instructions, input.nowMs, "instruction") ??
      instructed(appliance, input.local, input.nowMs, "local") ??
      fallback(appliance);
    return need && authorityRank(need.authority) > authorityRank(wish.authority) ? need : wish;
  });
}

function overridden({ resource, modes, least }: Planned, { overrides, nowMs }: PlanInput): Intent | undefined {
  const override = overrideAt(overrides, resource, nowMs);
  const top = modes.at(-1);
  if (!override || !top) return undefined;
  const setting =
    override.mode === "boost"
      ? { mode: top.id, powerW: top.maxW }
      : override.mode === "hold"
        ? held(modes, override.setting)
        : least;
  if (!setting) return undefined;
  return { resource, setting, authority: "override", reason: `${override.mode} until ${iso(override.untilMs)}` };
}

/** What was set by hand, as far as the appliance still has it: the configuration may be another one since. */
function held(modes: readonly OperationMode[], setting: Setting | undefined): Setting | undefined {
  const mode = modes.find(({ id }) => id === setting?.mode);
  return mode && setting && { mode: mode.id, powerW: Math.min(setting.powerW, mode.maxW) };
}

function instructed(
  { resource, modes }: Planned,
  lists: ReadonlyMap<string, InstructionList>,
  nowMs: number,
  authority: "instruction" | "local",
): Intent | undefined {
  const list = lists.get(resource);
  const instruction = list && instructionAt(list, nowMs);
  const setting = instruction && settingOf(modes, instruction);
  return setting && { resource, setting, authority, reason: instruction.reason };
}

function fallback({ resource, safe }: Planned): Intent {
  return { resource, setting: safe, authority: "safe-state", reason: "no instruction in force" };
}
