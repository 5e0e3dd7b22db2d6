import type { Demand } from "../core/message/resource.ts";
import type { Slot } from "../core/slots.ts";
import { demandWindows, type DemandWindow } from "./demand-window.ts";

/** A slot with what a kWh costs in it, in micro-units. */
export interface PricedSlot extends Slot {
  microPerKwh: bigint;
}

/** One appliance to plan. */
export interface PlannedAppliance {
  resource: string;
  powerW: number;
  demand: Demand;
  /** IANA zone of the demand's local times. */
  timezone: string;
  /** Already given in the window under way, Wh. */
  deliveredWh: number;
}

/** A span in which an appliance is told to be on or off, and why. */
export interface PlannedSpan extends Slot {
  on: boolean;
  reason: string;
}

/** Energy that does not fit before its deadline. */
export interface Shortfall {
  resource: string;
  /** The deadline, UTC ms. */
  readyMs: number;
  missingWh: number;
}

/** What each appliance is told, and what does not fit. */
export interface GreedyPlan {
  /** By resource; in order of time, without gaps. */
  spans: Map<string, PlannedSpan[]>;
  shortfalls: Shortfall[];
}

/** At most this share of the slots is worth the cold that a block brings. */
const blockedShare = 1 / 4;

const slotMs = (slot: Slot): number => slot.endMs - slot.startMs;
const slotWh = (slot: Slot, powerW: number): number => (powerW * slotMs(slot)) / 3_600_000;

/**
 * A plan for one home: energy goes into the cheapest slots before its deadline, the tightest appliance first,
 * under the house's limit; appliances that may only be blocked are blocked in the dearest slots.
 * @param slots in order of time, without gaps
 * @param freeW what the house may add in a slot, by index; W
 */
export function greedyPlan(
  slots: readonly PricedSlot[],
  appliances: readonly PlannedAppliance[],
  freeW: readonly number[],
): GreedyPlan {
  const room = [...freeW];
  const spans = new Map<string, PlannedSpan[]>();
  const shortfalls: Shortfall[] = [];
  const slack = new Map(appliances.map((appliance) => [appliance, slackHours(slots, appliance, freeW)]));
  const tightestFirst = appliances.toSorted((one, other) => (slack.get(one) ?? 0) - (slack.get(other) ?? 0));
  for (const appliance of tightestFirst) {
    if (appliance.demand.kind === "block") spans.set(appliance.resource, merge(blockDearest(slots, appliance.demand)));
    else {
      const planned = fillCheapest(slots, appliance, appliance.demand, room);
      spans.set(appliance.resource, merge(planned.spans));
      shortfalls.push(...planned.shortfalls);
    }
  }
  return { spans, shortfalls };
}

/** Hours that the tightest window of an appliance leaves over when it has the house to itself. */
function slackHours(
  slots: readonly PricedSlot[],
  { demand, powerW, timezone, deliveredWh }: PlannedAppliance,
  freeW: readonly number[],
): number {
  const [first, last] = [slots[0], slots.at(-1)];
  if (demand.kind === "block" || !first || !last) return Infinity;
  const slacks = demandWindows(demand, timezone, first.startMs, last.endMs).map((window) => {
    const missingWh = demand.energyWh - (window.fromMs < first.startMs ? deliveredWh : 0);
    const usable = slots.filter((slot, index) => within(slot, window) && (freeW[index] ?? 0) >= powerW);
    return usable.reduce((sum, slot) => sum + slotMs(slot), 0) / 3_600_000 - missingWh / powerW;
  });
  return Math.min(Infinity, ...slacks);
}

const within = (slot: Slot, { fromMs, readyMs }: DemandWindow): boolean => slot.startMs >= fromMs && slot.endMs <= readyMs;
const byPrice = (one: PricedSlot, other: PricedSlot): number =>
  one.microPerKwh < other.microPerKwh ? -1 : one.microPerKwh > other.microPerKwh ? 1 : one.startMs - other.startMs;

function fillCheapest(
  slots: readonly PricedSlot[],
  { resource, powerW, timezone, deliveredWh }: PlannedAppliance,
  demand: Extract<Demand, { kind: "energy" }>,
  room: number[],
): { spans: PlannedSpan[]; shortfalls: Shortfall[] } {
  const chosen = new Set<number>();
  const shortfalls: Shortfall[] = [];
  const [first, last] = [slots[0], slots.at(-1)];
  if (!first || !last) return { spans: [], shortfalls };
  for (const window of demandWindows(demand, timezone, first.startMs, last.endMs)) {
    const underWay = window.fromMs < first.startMs;
    let missingWh = demand.energyWh - (underWay ? deliveredWh : 0);
    const candidates = slots
      .map((slot, index) => ({ slot, index }))
      .filter(({ slot, index }) => within(slot, window) && (room[index] ?? 0) >= powerW)
      .toSorted((one, other) => byPrice(one.slot, other.slot));
    for (const { slot, index } of candidates) {
      if (missingWh <= 0) break;
      chosen.add(index);
      room[index] = (room[index] ?? 0) - powerW;
      missingWh -= slotWh(slot, powerW);
    }
    if (missingWh > 0) shortfalls.push({ resource, readyMs: window.readyMs, missingWh: Math.ceil(missingWh) });
  }
  const spans = slots.map(({ startMs, endMs }, index) => {
    const on = chosen.has(index);
    return { startMs, endMs, on, reason: on ? `cheapest time before ${demand.readyBy}` : "not needed now" };
  });
  return { spans, shortfalls };
}

/** Blocks as many of the dearest slots as comfort allows. */
function blockDearest(slots: readonly PricedSlot[], demand: Extract<Demand, { kind: "block" }>): PlannedSpan[] {
  const blocked = slots.map(() => false);
  const dearest = slots
    .map((slot, index) => ({ slot, index }))
    .toSorted((one, other) => byPrice(other.slot, one.slot))
    .slice(0, Math.floor(slots.length * blockedShare));
  for (const { index } of dearest) {
    blocked[index] = true;
    if (!runsAllowed(slots, blocked, demand)) blocked[index] = false;
  }
  return slots.map(({ startMs, endMs }, index) => {
    const on = !blocked[index];
    return { startMs, endMs, on, reason: on ? "free to run" : "dearest time, house stays warm" };
  });
}

/** Whether no block is too long and no pause between blocks too short. */
function runsAllowed(
  slots: readonly Slot[],
  blocked: readonly boolean[],
  { maxBlockS, minFreeS }: { maxBlockS: number; minFreeS: number },
): boolean {
  let lengthMs = 0;
  let seenBlock = false;
  for (const [index, slot] of slots.entries()) {
    const now = blocked[index] ?? false;
    const before = index > 0 && (blocked[index - 1] ?? false);
    if (index > 0 && now !== before) {
      if (now && seenBlock && lengthMs < minFreeS * 1000) return false;
      lengthMs = 0;
    }
    lengthMs += slotMs(slot);
    if (now) seenBlock = true;
    if (now && lengthMs > maxBlockS * 1000) return false;
  }
  return true;
}

/** Joins neighbours that say the same. */
function merge(spans: readonly PlannedSpan[]): PlannedSpan[] {
  const merged: PlannedSpan[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last && last.on === span.on && last.endMs === span.startMs) last.endMs = span.endMs;
    else merged.push({ ...span });
  }
  return merged;
}
