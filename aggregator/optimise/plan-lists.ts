import { iso } from "../../core/clock/clock.ts";
import type { Instruction, InstructionList } from "../../core/message/instruction.ts";
import type { Resource } from "../../core/message/resource.ts";
import type { HomePlan } from "../../planner/community/home-party.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import type { ProblemPart } from "./home-problem.ts";
import type { ReadHome } from "./read-home.ts";
import { curtailedMode, isStore, leastMode, leastW, onMode, type PlannedResource } from "./resource-modes.ts";
import { batterySetting, factorOf, panelSetting, type Setting, warmthSetting } from "./store-settings.ts";

const awaitedReason = "its car is hardly ever there so early";

/** A home's plan as lists for its appliances. What is left to itself hears so, where it was told something else before. */
export function planLists(
  home: Pick<ReadHome, "facts" | "parts" | "devices" | "restW" | "curtailableW" | "inForce">,
  made: { plan: HomePlan; slots: readonly PricedSlot[]; hours: Float64Array; nowMs: number },
  uuid: () => string,
): InstructionList[] {
  const { facts, parts, devices } = home;
  const { plan, hours } = made;
  const watts = new Map(
    devices.map((name, index) => {
      const { in: into, out } = plan.flows[index] ?? { in: new Float64Array(), out: new Float64Array() };
      return [name, into.map((wh, slot) => (wh - (out[slot] ?? 0)) / (hours[slot] ?? 1))];
    }),
  );
  const gridW = (slot: number): number => (plan.gridWh[slot] ?? 0) / (hours[slot] ?? 1);
  const listOf = (resource: Resource, instructions: Instruction[]): InstructionList => ({
    plan: uuid(),
    resource: resource.resource,
    instructions,
  });
  const planned = facts.resources.map((resource) => {
    const own = parts.filter((part) => part.resource.resource === resource.resource);
    const told = (slot: number): Setting => {
      const part = own.find(({ from, until }) => slot >= from && slot < until);
      const powerW = part ? (watts.get(part.name)?.[slot] ?? 0) : 0;
      if (own.some(({ awaitedFrom, from }) => awaitedFrom !== undefined && slot >= awaitedFrom && slot < from))
        return { operationModeId: leastMode(resource).id, reason: awaitedReason };
      if (isStore(resource) && (part?.kind === "tank" || part?.kind === "room")) return warmthSetting(resource, powerW);
      return settingOf(resource, part, powerW);
    };
    return listOf(resource, joinedSlots(made.slots, told, uuid));
  });
  const batteries = (facts.batteries ?? []).flatMap((resource) => {
    const part = parts.find((one) => one.resource.resource === resource.resource);
    if (!part) return leftToItself(resource.resource, home, made.nowMs, uuid);
    const told = (slot: number): Setting | undefined => {
      const span = made.slots[slot];
      if (span && facts.mayControl && !facts.mayControl(resource.resource, span)) return undefined;
      return batterySetting(resource, watts.get(part.name)?.[slot] ?? 0, gridW(slot));
    };
    return [listOf(resource, joinedSlots(made.slots, told, uuid))];
  });
  const netW = (slot: number): number =>
    devices.reduce((sum, name) => sum + (watts.get(name)?.[slot] ?? 0), home.restW[slot] ?? 0) - (home.curtailableW[slot] ?? 0);
  const curtailedW = made.slots.map((_, slot) => Math.min(home.curtailableW[slot] ?? 0, Math.max(0, gridW(slot) - netW(slot))));
  const panels = (facts.panels ?? []).flatMap((resource) => {
    if (curtailedW.every((held) => held < 1)) return leftToItself(resource.resource, home, made.nowMs, uuid);
    // Each gives its share of what there is use for.
    const share = mostW(resource) / (facts.panels ?? []).reduce((sum, panel) => sum + mostW(panel), 0);
    const told = (slot: number): Setting | undefined => {
      const span = made.slots[slot];
      if (span && facts.mayControl && !facts.mayControl(resource.resource, span)) return undefined;
      const held = curtailedW[slot] ?? 0;
      return panelSetting(resource, ((home.curtailableW[slot] ?? 0) - held) * share, held);
    };
    return [listOf(resource, joinedSlots(made.slots, told, uuid))];
  });
  return [...planned, ...batteries, ...panels];
}

const mostW = (panel: Resource): number => -leastW(curtailedMode(panel) ?? { id: "", powerW: 0 });

/** An empty list, where an earlier one still says something. */
function leftToItself(
  resource: string,
  { inForce }: Pick<ReadHome, "inForce">,
  nowMs: number,
  uuid: () => string,
): InstructionList[] {
  const isTold = inForce.get(resource)?.instructions.some(({ validUntil }) => Date.parse(validUntil) > nowMs);
  return isTold ? [{ plan: uuid(), resource, instructions: [] }] : [];
}

/** Slots with what is told in them, neighbours that say the same joined; undefined where nothing is. */
function joinedSlots(
  slots: readonly PricedSlot[],
  told: (slot: number) => Setting | undefined,
  uuid: () => string,
): Instruction[] {
  const instructions: Instruction[] = [];
  for (const [slot, { startMs, endMs }] of slots.entries()) {
    const setting = told(slot);
    const last = instructions.at(-1);
    if (!setting) continue;
    // Why nothing is planned before a car comes is said for itself.
    const isAwaited = (one: Setting): boolean => one.reason === awaitedReason;
    const isJoined = last?.validUntil === iso(startMs) && isSame(last, setting) && isAwaited(last) === isAwaited(setting);
    if (last && isJoined) last.validUntil = iso(endMs);
    else instructions.push({ id: uuid(), executionTime: iso(startMs), validUntil: iso(endMs), ...setting });
  }
  return instructions;
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
  if (part?.readyBy === null) return { operationModeId: on.id, reason };
  // Never above what was planned: the feeder has no room for more.
  return { operationModeId: on.id, ...factorOf(on, powerW), reason };
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
