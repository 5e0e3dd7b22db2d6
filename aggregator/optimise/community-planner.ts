import { setImmediate } from "node:timers/promises";
import { errorCode } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Feeder } from "../../planner/community/board.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import type { PriceBook } from "../../planner/price-book.ts";
import type { Control } from "../dispatch/control.ts";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Contracts } from "../reward/under-contract.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Fence } from "../store/lease-store.ts";
import { type FeederGroup, roomAt } from "./feeder-groups.ts";
import type { Habits } from "../forecast/habits.ts";
import type { NetLoads } from "../forecast/net-loads.ts";
import type { GroupRoom } from "./group-home.ts";
import type { HomeWatch } from "./home-watch.ts";
import { limitLedger } from "./limit-ledger.ts";
import { limitReserve, reservedFeeder } from "./limit-reserve.ts";
import { missedDemands } from "./missed-demands.ts";
import { orderFeeders } from "./order-feeders.ts";
import { planErrors } from "./plan-errors.ts";
import { planLists, saysNothingNew } from "./plan-lists.ts";
import { isAsked, readHome, type ReadHome } from "./read-home.ts";

/** Parts that the planner works with. */
export interface CommunityPlannerOptions {
  store: AggregatorStore;
  /** What homes do by their history, read once for all who plan them. */
  loads: NetLoads;
  habits: Habits;
  prices: PriceBook;
  give: Dispatcher["give"];
  control: Control;
  /** Which homes are there, and which appliances follow. */
  attendance: Pick<HomeWatch, "isAway" | "isWilling">;
  contracts: Pick<Contracts, "termsOf" | "begun">;
  uuid: () => string;
  slotMinutes: number;
  /** Share of the slots for whose errors a reserve is left free under each limit; 0: none. */
  reserveQuantile: number;
  /** Where a group is planned. */
  open: (group: FeederGroup) => Promise<GroupRoom>;
  /** How long one plan may be worked on, ms. */
  mostMs: number;
  /** Whether a home has to hear all of its plan, not only what is new: it may have forgotten what it was told. */
  mustHearAll: (site: string) => boolean;
  /** Hears of each list that is kept for a home, with what its appliance had been given then, Wh. */
  onGiven: (site: string, list: InstructionList, deliveredWh: number) => void;
  /** Congestion points of grid operators by feeder. */
  points?: ReadonlyMap<string, string> | undefined;
  /** What must be shown to write what is planned of a home, where there are several workers. @throws AppError lease-lost */
  fenceOf?: (site: string) => Fence | undefined;
  /** Hears how each plan of a feeder ended. */
  watch?: Pick<Metrics, "planEnded" | "foretold"> | undefined;
  clock: Clock;
  log: Log;
  quietly: (work: Promise<void>, what: string) => Promise<void>;
}

const horizonMs = 36 * 3_600_000;
/** A home leaves its plan only where another one is better by more than a cent. */
const keepWithin = 0.01;
/** What a plan said of a home is kept so long, to be compared with its meter. */
const saidMs = 3 * 3_600_000;
/** Errors of forecasts are of all homes: they are summed up no more often. */
const errorsMs = 60_000;
/** Between two homes on the way out: a thousand of them hear within 50 s. */
const staggerMs = 50;

/**
 * Plans all homes of a group together, under the limits of its feeders, and gives each home what is new to it. A home on no feeder
 * is a group without any: nothing is shared, and nothing of it is kept for the next time.
 */
export function communityPlanner(options: CommunityPlannerOptions): (group: FeederGroup) => Promise<void> {
  const { store, prices, control, clock, log, loads, habits } = options;
  const ledger = limitLedger(store, log);
  const reserve = limitReserve(options.reserveQuantile);
  // Where no reserve is kept nobody asks what plans had said, so that nothing of it is remembered.
  const errors = options.reserveQuantile > 0 ? planErrors(store, reserve) : null;
  const tellMissed = missedDemands(log);
  let errorsToldMs = -Infinity;
  /** Prices of the feeders when a group was planned last. */
  const learned = new Map<string, { startMs: number; prices: readonly Float64Array[] }>();
  return async (group) => {
    const nowMs = clock.now();
    const slots = prices.slots(nowMs, nowMs + horizonMs, options.slotMinutes);
    const [first] = slots;
    if (!first) return;
    const isShared = group.feeders.length > 0;
    if (isShared) await errors?.measure(group, nowMs);
    const input = { slots, prices, slotMinutes: options.slotMinutes, nowMs };
    await using room = await options.open(group);
    const homes: Omit<ReadHome, "problem">[] = [];
    for (const site of group.sites) {
      const { problem, ...home } = await readHome(site, input, { ...options, isFree: control.wordFor(site) === null });
      homes.push(home);
      await room.add({ problem, seed: seedOf(site) });
      // What is read of thousands of homes must not keep the rest of the process waiting.
      await setImmediate();
    }
    if (!homes.some(({ facts }) => isAsked(facts))) return;
    const before = isShared ? await ledger.before(nowMs) : new Map<string, number>();
    const hours = Float64Array.from(slots, ({ startMs, endMs }) => (endMs - startMs) / 3_600_000);
    const last = learned.get(group.name);
    const feeders = feedersOf(group, slots, hours, control);
    const reserveW = feeders.map(({ name }) => Math.round(reserve.reserveW(name)));
    const ordered = orderFeeders(group, slots, hours, {
      orders: isShared && options.points ? await store.flexOrders(first.startMs, slots.at(-1)?.endMs ?? first.endMs) : [],
      points: options.points ?? new Map(),
      reserveW: (name) => reserve.reserveW(name),
    });
    const reserved = [
      ...feeders.map((feeder, index) => reservedFeeder(feeder, hours, reserveW[index] ?? 0)),
      ...ordered.reserves,
    ];
    const startedMs = clock.monotonicMs();
    const planned = await room.plan({
      hours,
      parties: homes.map(({ site }) => ({ name: site, curtailedBeforeWh: before.get(site) ?? 0 })),
      feeders: [...feeders, ...ordered.orders, ...(errors ? reserved : [])],
      keepWithin,
      prices: last ? last.prices.map((series) => shifted(series, (first.startMs - last.startMs) / slotMs(first))) : [],
      mostMs: options.mostMs,
    });
    if (isShared) learned.set(group.name, { startMs: first.startMs, prices: planned.prices });
    // A reserve that is used is no shortfall.
    const result = { ...planned, feeders: planned.feeders.filter(({ feeder }) => !reserved.some(({ name }) => name === feeder)) };
    const { stopped, keptAll } = result;
    const status = result.feeders.length + result.curtailed.length > 0 ? "shortfall" : "kept";
    const ms = Math.round(clock.monotonicMs() - startedMs);
    if (isShared) {
      log.info(
        { feeder: group.name, homes: homes.length, status, stopped, keptAll, reserveW: Math.max(...reserveW), ms },
        "homes planned together",
      );
      const curtailedWh = result.curtailed.reduce((sum, one) => sum + one.curtailedWh, 0);
      options.watch?.planEnded({ status, stopped, curtailedWh });
      await ledger.note(result, slots, nowMs, options.fenceOf?.(group.sites[0] ?? group.name));
    }
    if (clock.monotonicMs() - errorsToldMs >= errorsMs) {
      errorsToldMs = clock.monotonicMs();
      options.watch?.foretold({ ...loads.errors(), ...habits.errors() });
    }
    const saidSlots = slots.filter(({ startMs }) => startMs < nowMs + saidMs);
    const wattsOf = new Map<string, Float32Array>();
    let turn = 0;
    for (const [index, home] of homes.entries()) {
      await setImmediate();
      const plan = await room.planOf(index);
      tellMissed(home, plan);
      wattsOf.set(
        home.site,
        Float32Array.from(saidSlots, (_, slot) => (plan.gridWh[slot] ?? 0) / (hours[slot] ?? 1)),
      );
      const made = home.alone ?? planLists(home, { plan, slots, hours, nowMs }, options.uuid);
      const isNew = (list: InstructionList): boolean => !saysNothingNew(list, home.inForce.get(list.resource), nowMs);
      const lists = options.mustHearAll(home.site) ? made : made.filter(isNew);
      if (lists.length === 0) continue;
      const given = (): void => {
        for (const list of lists)
          options.onGiven(home.site, list, home.facts.statuses.get(list.resource)?.deliveredWh ?? Number.NaN);
      };
      const giving = options.give(home.site, lists, turn++ * staggerMs).then(given, (error: unknown) => {
        // It is kept all the same, and sent later.
        if (errorCode(error) === "mqtt-offline") given();
        throw error;
      });
      // One home that cannot be told now must not keep the others from being told.
      await options.quietly(giving, "giving a plan");
    }
    if (isShared) errors?.said(group, { madeMs: nowMs, slots: saidSlots, wattsOf });
  };
}

const slotMs = ({ startMs, endMs }: PricedSlot): number => endMs - startMs;

/** Limits of a group's feeders by slot. */
export function feedersOf(
  group: FeederGroup,
  slots: readonly PricedSlot[],
  hours: Float64Array,
  control: Pick<Control, "limitW">,
): Feeder[] {
  return group.feeders.map((feeder) => ({
    name: feeder.name,
    importLimitWh: hours.map((h, slot) => h * roomAt(feeder, slots[slot]?.startMs ?? 0, control)),
    exportLimitWh: hours.map((h) => h * (feeder.exportLimitW ?? Infinity)),
    members: feeder.sites.map((site) => group.sites.indexOf(site)),
  }));
}

/** Prices by slot, seen from a later slot. */
function shifted(series: Float64Array, by: number): Float64Array {
  return series.map((_, slot) => series[slot + by] ?? 0);
}

/** A number of a name, the same for ever: ties between equal homes are broken in the same way in each plan. */
export function seedOf(name: string): number {
  let hash = 2_166_136_261;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return hash;
}
