import { iso } from "../../core/clock/clock.ts";
import type { Instruction, InstructionList } from "../../core/message/instruction.ts";
import type { HomePlan } from "../../planner/community/home-party.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import type { ProblemPart } from "./home-problem.ts";
import type { ReadHome } from "./read-home.ts";
import { leastMode, leastW, onMode, type PlannedResource } from "./resource-modes.ts";

type Setting = Pick<Instruction, "operationModeId" | "operationModeFactor" | "reason">;

/** A home's plan as lists for its appliances. */
export function planLists(
  { facts, parts, devices }: Pick<ReadHome, "facts" | "parts" | "devices">,
  { plan, slots, hours }: { plan: HomePlan; slots: readonly PricedSlot[]; hours: Float64Array },
  uuid: () => string,
): InstructionList[] {
  const watts = new Map(devices.map((name, index) => [name, plan.flows[index]?.in.map((wh, slot) => wh / (hours[slot] ?? 1))]));
  return facts.resources.map((resource) => {
    const own = parts.filter((part) => part.resource.resource === resource.resource);
    const instructions: Instruction[] = [];
    for (const [slot, { startMs, endMs }] of slots.entries()) {
      const part = own.find(({ from, until }) => slot >= from && slot < until);
      const powerW = part ? (watts.get(part.name)?.[slot] ?? 0) : 0;
      const setting = settingOf(resource, part, powerW);
      const last = instructions.at(-1);
      if (last && isSame(last, setting)) last.validUntil = iso(endMs);
      else instructions.push({ id: uuid(), executionTime: iso(startMs), validUntil: iso(endMs), ...setting });
    }
    return { plan: uuid(), resource: resource.resource, instructions };
  });
}

function settingOf(resource: PlannedResource, part: ProblemPart | undefined, powerW: number): Setting {
  if (resource.demand.kind === "block" && !part) return { operationModeId: resource.failsafeMode, reason: "free to run" };
  if (powerW <= 0)
    return {
      operationModeId: leastMode(resource).id,
      reason: part?.readyBy === null ? "dearest time, house stays warm" : "not needed now",
    };
  const on = onMode(resource);
  const reason =
    part?.readyBy === null || !part ? "free to run" : `cheapest time before ${part.readyBy} that the feeder has room for`;
  if (part?.readyBy === null || leastW(on) === on.powerW) return { operationModeId: on.id, reason };
  const factor = Math.max(0, Math.min(1, (powerW - leastW(on)) / (on.powerW - leastW(on))));
  // Never above what was planned: the feeder has no room for more. Nor below it, and the same again when this plan is looked at anew.
  return { operationModeId: on.id, operationModeFactor: Math.floor(factor * 1e6 + 1e-3) / 1e6, reason };
}

const isSame = (one: Setting, other: Setting): boolean =>
  one.operationModeId === other.operationModeId && one.operationModeFactor === other.operationModeFactor;

/** Whether a list says for all its time what another one in force says already: it need not be sent. */
export function saysNothingNew(list: InstructionList, inForce: InstructionList | undefined, nowMs: number): boolean {
  if (!inForce) return false;
  const [fresh, old] = [list, inForce].map(({ instructions }) => joined(instructions, nowMs));
  return fresh?.length === old?.length && (fresh ?? []).every((one, index) => one === old?.[index]);
}

/** What is to come, neighbours that say the same joined. */
function joined(instructions: readonly Instruction[], nowMs: number): string[] {
  const found: { setting: Setting; fromMs: number; untilMs: number }[] = [];
  for (const setting of instructions) {
    const [fromMs, untilMs] = [Math.max(nowMs, Date.parse(setting.executionTime)), Date.parse(setting.validUntil)];
    if (untilMs <= nowMs) continue;
    const last = found.at(-1);
    if (last && last.untilMs === fromMs && isSame(last.setting, setting)) last.untilMs = untilMs;
    else found.push({ setting, fromMs, untilMs });
  }
  return found.map(
    ({ setting, fromMs, untilMs }) => `${fromMs} ${untilMs} ${setting.operationModeId} ${setting.operationModeFactor ?? ""}`,
  );
}
