import type { InstructionList } from "../../core/message/instruction.ts";
import { priceAt } from "../../core/message/price-series.ts";
import type { Resource, ResourceStatus } from "../../core/message/resource.ts";
import type { Storage } from "../../core/message/storage.ts";
import { demandWindows } from "../../planner/demand-window.ts";
import { leadMs } from "../../planner/lead-time.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import type { PriceBook } from "../../planner/price-book.ts";
import { Problem } from "../../planner/problem.ts";
import { blockedMinutes, type Standing } from "../../planner/standing.ts";
import { tradedSeries } from "../../planner/traded-series.ts";
import type { HomeFacts } from "./greedy-home.ts";
import {
  curtailedMode,
  instructedW,
  isBattery,
  isStore,
  leastW,
  onMode,
  type PlannedResource,
  type StoreResource,
} from "./resource-modes.ts";
import { previousOf } from "./previous-plan.ts";
import { standingIn } from "./standing-in.ts";
import { freshFill, storePart } from "./store-problem.ts";
import { ownShare } from "./unplanned-load.ts";

/** One appliance of a home's planning problem, or one of its demand windows. */
export interface ProblemPart {
  /** In the problem. */
  name: string;
  resource: Resource;
  /** demand: energy by a time; block: may only be held off; the others are stores that are planned by how full they are. */
  kind: "demand" | "block" | Storage["kind"];
  /** Local time at which its energy must be there; null where it may only be held off. */
  readyBy: string | null;
  /** First slot in which it might count but for a car that is never there so early. */
  awaitedFrom?: number;
  /** Slots in which it counts: [from, until). */
  from: number;
  until: number;
  /** What a demand still misses, and when it must be there. */
  wanted?: { wh: number; readyMs: number };
}

/** What a home is planned by. */
export interface HomeProblem {
  problem: Problem;
  parts: readonly ProblemPart[];
  /** What the home draws without its parts, and without what of its panels may be curtailed; W by slot. */
  restW: readonly number[];
  /** What may be curtailed, W by slot. */
  curtailableW: readonly number[];
}

/** Money for each start: what saves less is not worth switching for. */
const startCost = 0.005;
/** So much more or less is no other plan, Wh: some minutes of a heater. */
const nearWh = 60;
/** On a smaller share of such days a car is as good as never there. */
const neverShare = 0.1;
/** Dearer than this, currency per kWh, is all the same to a plan. */
const mostPrice = 1e6;
const plannable = (microPerKwh: bigint): number => Math.max(-mostPrice, Math.min(mostPrice, Number(microPerKwh) / 1_000_000));

/**
 * A home's planning problem from what its gateway has told.
 * @param input.inForce lists that the home follows, by resource: kept where new ones are hardly better
 */
export function homeProblem(
  {
    resources,
    batteries = [],
    panels = [],
    statuses,
    habits,
    baseW,
    pvW,
    traded = [],
    byFill = true,
    mayControl = () => true,
  }: HomeFacts,
  input: {
    slots: readonly PricedSlot[];
    prices: PriceBook;
    slotMinutes: number;
    nowMs: number;
    inForce: ReadonlyMap<string, InstructionList>;
  },
): HomeProblem {
  const { slots, prices } = input;
  const drawsW = [...baseW];
  const importPrice = slots.map(({ microPerKwh }) => plannable(microPerKwh));
  const meanPrice = importPrice.reduce((sum, price) => sum + price, 0) / Math.max(1, importPrice.length);
  const made = [...resources, ...batteries].flatMap((resource) => {
    const status = statuses.get(resource.resource);
    const kept = keptByResident(resource, status, input, drawsW);
    const agreed = slots.map((slot) => mayControl(resource.resource, slot));
    const stands = standingIn(resource, status, input.nowMs, slots[0]?.startMs ?? input.nowMs);
    const fill = freshFill(status, input.nowMs);
    if (isStore(resource) && fill !== undefined && kept.slots === 0 && (byFill || isBattery(resource))) {
      const drawW = habits?.get(resource.resource)?.drawW ?? null;
      return [storePart(resource, slots, { fill, agreed, meanPrice, stands, drawW })];
    }
    if (resource.demand === undefined) return [];
    return partsOf({ ...resource, demand: resource.demand }, status, slots, {
      kept,
      agreed,
      stands,
      list: input.inForce.get(resource.resource),
      present: habits?.get(resource.resource)?.presentShare ?? null,
      // What the house draws besides leaves so much for it.
      roomW: drawsW.map((watts) => Math.max(0, resource.maxImportW - watts)),
    });
  });
  const parts = made.map(({ part }) => part);
  const givesW = slots.map((slot) =>
    panels
      .filter(({ resource }) => mayControl(resource, slot))
      .reduce((sum, panel) => sum - leastW(curtailedMode(panel) ?? { id: "", powerW: 0 }), 0),
  );
  const curtailableW = slots.map((_, slot) => Math.min(Math.max(0, pvW?.[slot] ?? 0), givesW[slot] ?? 0));
  const restW = drawsW.map((watts, slot) => watts + (curtailableW[slot] ?? 0));
  const previous = parts.every(({ resource }) => input.inForce.has(resource.resource))
    ? previousOf(parts, { ...input, statuses, netW: drawsW })
    : undefined;
  const all = [...resources, ...batteries, ...panels];
  const exportLimits = all.flatMap(({ maxExportW }) => maxExportW ?? []);
  const exportPrice = slots.map(({ startMs }) => {
    const series = prices.at(startMs);
    return plannable((series && priceAt(series, "export", startMs)) ?? 0n);
  });
  const trades = tradedSeries(slots, traded, { importPerKwh: importPrice, exportPerKwh: exportPrice }, plannable);
  const problem = Problem.parse({
    slot_minutes: input.slotMinutes,
    slots: slots.length,
    import_price_per_kwh: importPrice,
    export_price_per_kwh: exportPrice,
    ...(trades && { traded: trades }),
    base_load_w: restW,
    pv_w: curtailableW,
    pv_curtailable: curtailableW.some((watts) => watts > 0),
    grid: {
      ...(all.length > 0 && { import_limit_w: Math.min(...all.map(({ maxImportW }) => maxImportW)) }),
      ...(exportLimits.length > 0 && { export_limit_w: Math.min(...exportLimits) }),
    },
    appliances: made.map(({ appliance }) => appliance),
    ...(previous && { previous }),
  });
  return { problem, parts, restW, curtailableW };
}

/** A home that draws what it draws. */
export function fixedProblem(
  drawsW: readonly number[],
  { slots, slotMinutes }: { slots: readonly PricedSlot[]; slotMinutes: number },
): HomeProblem {
  const price = slots.map(({ microPerKwh }) => plannable(microPerKwh));
  const problem = Problem.parse({
    slot_minutes: slotMinutes,
    slots: slots.length,
    import_price_per_kwh: price,
    base_load_w: [...drawsW],
  });
  return { problem, parts: [], restW: drawsW, curtailableW: drawsW.map(() => 0) };
}

/** What a resident's word fixes: the house draws it anyway, and the plan begins behind it. Adds to `drawsW`. */
function keptByResident(
  resource: Resource,
  status: ResourceStatus | undefined,
  { slots, nowMs }: { slots: readonly PricedSlot[]; nowMs: number },
  drawsW: number[],
): { slots: number; wh: number } {
  const { cause, mode, until } = status?.override ?? {};
  if (cause !== "user" && cause !== "hand") return { slots: 0, wh: 0 };
  const untilMs = until === null || until === undefined ? Infinity : Date.parse(until);
  if (untilMs <= nowMs) return { slots: 0, wh: 0 };
  const most = onMode(resource).powerW;
  const powerW = mode === "boost" ? most : mode === "hold" ? (status?.powerW ?? most) : 0;
  const open = slots.findIndex(({ startMs }) => startMs >= untilMs);
  const count = open < 0 ? slots.length : open;
  // A battery takes no more than it has room for.
  const mostWh = isBattery(resource) ? roomWh(resource, status, nowMs) : Infinity;
  let wh = 0;
  for (const [slot, { startMs, endMs }] of slots.slice(0, count).entries()) {
    if (wh >= mostWh) break;
    drawsW[slot] = (drawsW[slot] ?? 0) + powerW;
    wh += (powerW * (Math.min(endMs, untilMs) - Math.max(startMs, nowMs))) / 3_600_000;
  }
  return { slots: count, wh };
}

function roomWh({ storage }: StoreResource, status: ResourceStatus | undefined, nowMs: number): number {
  if (storage.kind !== "battery") return 0;
  return (storage.capacityWh * (100 - (freshFill(status, nowMs) ?? 0))) / 100;
}

interface PartFacts {
  kept: { slots: number; wh: number };
  agreed: readonly boolean[];
  stands: Standing;
  list: InstructionList | undefined;
  /** See `Habit`. */
  present: readonly number[] | null;
  /** What the fuse leaves, W by slot. */
  roomW: readonly number[];
}

function partsOf(
  resource: PlannedResource,
  status: ResourceStatus | undefined,
  slots: readonly PricedSlot[],
  { kept, agreed, stands, list, present, roomW }: PartFacts,
): { part: ProblemPart; appliance: object }[] {
  const { resource: name, demand, timezone, minOnS, minOffS } = resource;
  const [earliest, last, on] = [slots[0], slots.at(-1), onMode(resource)];
  if (!earliest || !last || on.powerW <= 0) return [];
  if (demand.kind === "block") {
    if (kept.slots > 0) return [];
    return [
      {
        part: { name, resource, kind: "block" as const, readyBy: null, from: 0, until: slots.length },
        appliance: {
          type: "blockable",
          name,
          // Holding it off when that is not agreed would save nothing.
          expected_w: agreed.map((may) => (may ? on.powerW * ownShare : 0)),
          power_w: on.powerW,
          max_block_minutes: demand.maxBlockS / 60,
          min_free_minutes: demand.minFreeS / 60,
          start_cost: startCost,
          blocked_minutes: blockedMinutes(stands),
        },
      },
    ];
  }
  return demandWindows(demand, timezone, earliest.startMs, last.endMs).flatMap((window, index) => {
    const inside = slots.map(
      ({ startMs, endMs }, slot) => startMs >= window.fromMs && endMs <= window.readyMs && agreed[slot] === true,
    );
    const first = inside.indexOf(true);
    const gap = inside.indexOf(false, first);
    const [open, end] = [Math.max(first, kept.slots), first < 0 ? 0 : gap < 0 ? slots.length : gap];
    // No whole slot of it is left, or the resident's word takes all of it.
    if (open >= end) return [];
    const deliveredWh = window.fromMs < earliest.startMs ? (status?.deliveredWh ?? 0) : 0;
    const missingWh = Math.max(0, demand.energyWh - deliveredWh - (index === 0 ? kept.wh : 0));
    const [leftMs, wholeMs] = [missingWh, demand.energyWh].map((wh) => (wh * 3_600_000) / on.powerW);
    // What has been given in this window was given to a car that is there.
    const from =
      deliveredWh > 0 || !present ? open : whenThere({ open, end, missingWh, powerW: on.powerW }, { slots, present, roomW });
    const doneMs = window.readyMs - (leadMs(wholeMs ?? 0) - (wholeMs ?? 0));
    const until = beforeOwnStart(slots, { from, until: end, doneMs }, leftMs ?? 0);
    return [
      {
        part: {
          name: `${name} ${index}`,
          resource,
          kind: "demand" as const,
          readyBy: demand.readyBy,
          ...(from > open && { awaitedFrom: open }),
          from,
          until,
          wanted: { wh: missingWh, readyMs: window.readyMs },
        },
        appliance: {
          type: "deferrable",
          name: `${name} ${index}`,
          energy_wh: nearlyPlanned(missingWh, resource, list, slots.slice(from, until)),
          power_w: on.powerW,
          min_power_w: Math.max(0, leastW(on)),
          on_off: leastW(on) === on.powerW,
          from,
          until,
          min_on_minutes: minOnS / 60,
          min_off_minutes: minOffS / 60,
          start_cost: startCost,
          ...(from === 0 && stands),
        },
      },
    ];
  });
}

/**
 * The first slot of a window in which its car is ever there; the first of all where its energy would not fit behind that, for what
 * a home wants stands above what it usually does. Pure.
 */
export function whenThere(
  { open, end, missingWh, powerW }: { open: number; end: number; missingWh: number; powerW: number },
  { slots, present, roomW }: { slots: readonly PricedSlot[] } & { present: readonly number[]; roomW: readonly number[] },
): number {
  const there = present.findIndex((share, slot) => slot >= open && slot < end && share >= neverShare);
  if (there < 0) return open;
  const fittingWh = slots
    .slice(there, end)
    .reduce((sum, { startMs, endMs }, at) => sum + (Math.min(powerW, roomW[there + at] ?? 0) * (endMs - startMs)) / 3_600_000, 0);
  return fittingWh >= missingWh ? there : open;
}

/**
 * Where the slots of a plan end so that the gateway, which starts by itself in time for the deadline, finds nothing to do. All of them,
 * where there is not enough time for that any more.
 * @param runMs that is left, at full power
 */
function beforeOwnStart(
  slots: readonly PricedSlot[],
  { from, until, doneMs }: { from: number; until: number; doneMs: number },
  runMs: number,
): number {
  const early = slots.findLastIndex(({ endMs }, slot) => slot < until && endMs <= doneMs) + 1;
  const leftMs = slots.slice(from, early).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  return leftMs >= runMs && early > from ? early : until;
}

/**
 * What is to be planned of an energy that is missing: where the plan in force gives nearly that, what it gives. Real appliances
 * draw a little more or less than they are told, and nobody is to be told anew for that.
 */
function nearlyPlanned(
  missingWh: number,
  resource: PlannedResource,
  list: InstructionList | undefined,
  slots: readonly PricedSlot[],
): number {
  if (!list) return missingWh;
  const plannedWh = slots.reduce(
    (sum, { startMs, endMs }) => sum + (Math.max(0, instructedW(resource, list, startMs) ?? 0) * (endMs - startMs)) / 3_600_000,
    0,
  );
  return Math.abs(plannedWh - missingWh) <= nearWh ? plannedWh : missingWh;
}
