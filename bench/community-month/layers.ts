import { limitReserve } from "../../aggregator/optimise/limit-reserve.ts";
import { homeRoom } from "../../planner/community/home-party.ts";
import { commandOf, type Plan, rolling } from "../real-prices/rolling.ts";
import { immediate } from "../real-prices/rules.ts";
import { type Command, type HouseRun, houseRun, type Run } from "../real-prices/simulate.ts";
import { keepLimit } from "./keep-limit.ts";
import { slotWords } from "./slot-words.ts";
import type { StreetHome } from "./street.ts";
import { arrival, planTogether, type StreetPlan } from "./street-plan.ts";

/** What became of the street in one way of running it. */
export interface StreetRun {
  runs: Run[];
  /** Coordinations, the time that they took, and slots in which homes had to take less than was planned. */
  plans: number;
  seconds: number;
  reducedSlots: number;
  /** Slots beyond the limit that nothing could be reduced in any more. */
  beyondSlots: number;
  /** Slots that a plan had named before they began, because the feeder cannot carry them whatever is planned. */
  namedSlots: Set<number>;
  /** What was left free under the limit at the end, kW. */
  reserveKw: number;
}

const hourMs = 3_600_000;
const open = ({ trial, reality }: StreetHome): HouseRun => houseRun(trial.home, reality, trial.start);
const alone = (runs: Run[], seconds: number): StreetRun => ({
  runs,
  plans: 0,
  seconds,
  reducedSlots: 0,
  beyondSlots: 0,
  namedSlots: new Set(),
  reserveKw: 0,
});

/** Nobody plans: cars charge when they come, thermostats switch, batteries follow the house. */
export function withoutFlexibility(homes: readonly StreetHome[]): StreetRun {
  const began = performance.now();
  const runs = homes.map((home) => everySlot(open(home), home, immediate(home.trial)));
  return alone(runs, (performance.now() - began) / 1000);
}

/** Each home plans for itself by prices. */
export function layerOne(homes: readonly StreetHome[], everyHours: number, progress: (words: string) => void): StreetRun {
  const began = performance.now();
  const runs = homes.map((home, index) => {
    if (index % 10 === 0) progress(`Layer 1: home ${index} of ${homes.length}`);
    return everySlot(open(home), home, rolling(home.trial, home.outlook, everyHours));
  });
  return alone(runs, (performance.now() - began) / 1000);
}

function everySlot(house: HouseRun, { trial }: StreetHome, strategy: ReturnType<typeof immediate>): Run {
  for (let slot = 0; slot < trial.slots; slot += 1) house.step(slot, strategy(slot, house.state()));
  return house.run;
}

/** How Layer 2 is run. */
export interface LayerTwoOptions {
  limitW: number;
  everyHours: number;
  /** Money per Wh more in a slot. */
  chargeAt: (slot: number) => number;
  /** Slots [from, until) that are planned: before, nobody plans; after, nothing is run. */
  from?: number;
  until?: number;
  /** Share of the slots for whose errors a reserve is left free under the limit, as `plan.reserve_quantile` of an aggregator. */
  reserveQuantile: number;
  /** Hears of each day that is over. */
  onDay?: (day: number, runs: readonly Run[]) => void;
  progress: (words: string) => void;
}

/**
 * All homes are planned together under the feeder's limit, by the prices that they pay and what the feeder costs in dear hours.
 * A car that comes between two plans gets one of its own, in the room that the others leave.
 */
export function layerTwo(homes: readonly StreetHome[], options: LayerTwoOptions): StreetRun {
  const [first] = homes;
  if (!first) throw new RangeError("a street has homes");
  const { slotMs, slots } = first.trial;
  const { from = 0, until = slots } = options;
  const [every, slotHours] = [Math.max(1, Math.round((options.everyHours * hourMs) / slotMs)), slotMs / hourMs];
  const houses = homes.map(open);
  for (const [home, house] of houses.entries()) {
    const strategy = immediate((homes[home] ?? first).trial);
    for (let slot = 0; slot < from; slot += 1) house.step(slot, strategy(slot, house.state()));
  }
  const room = homeRoom();
  const before: number[] = [];
  const reserve = limitReserve(options.reserveQuantile);
  const perDay = Math.round((24 * hourMs) / slotMs);
  const result = alone(
    houses.map(({ run }) => run),
    0,
  );
  const plans: (Plan | undefined)[] = [];
  let together: StreetPlan | undefined;
  for (let slot = from; slot < until; slot += 1) {
    const began = performance.now();
    if (slot === from || slot % every === 0) {
      const reserveW = reserve.reserveW("street");
      result.reserveKw = reserveW / 1000;
      together = planTogether(homes, houses, { ...options, slot, slotHours, room, reserveW, last: together, inForce: plans });
      result.plans += 1;
      if (result.plans % 10 === 1) options.progress(`Layer 2: plan ${result.plans}, slot ${slot} of ${slots}`);
      for (const [home, plan] of together.plans.entries()) plans[home] = plan;
    } else
      for (const [home, { trial }] of homes.entries())
        if (together && trial.sessions.some((session) => session.from === slot))
          plans[home] = arrival(together, homes, houses, { home, slot, room });
    result.seconds += (performance.now() - began) / 1000;
    const at = slot - (together?.slot ?? slot);
    if (together?.shortfalls.some((one) => isIn(one, at))) result.namedSlots.add(slot);
    const asked = homes.map(({ trial }, home): Command => {
      const plan = plans[home];
      if (!plan) throw new RangeError("every home has a plan");
      return commandOf(plan, slot - plan.slot, trial);
    });
    const kept = keepLimit(houses, asked, slot, options.limitW * slotHours, before);
    if (kept.reduced.length > 0) result.reducedSlots += 1;
    if (kept.beyondWh > 1e-6) {
      result.beyondSlots += 1;
      options.progress(
        `slot ${slot}: ${Math.round(kept.beyondWh)} Wh beyond; ${slotWords(homes, houses, { slot, asked, kept, plans })}`,
      );
    }
    for (const [home, house] of houses.entries()) house.step(slot, kept.commands[home] as Command);
    const foretoldWh = together?.netWh.reduce((sum, netWh) => sum + (netWh[at] ?? 0), 0) ?? 0;
    const cameWh = houses.reduce((sum, { run }) => sum + (run.netWh[slot] ?? 0), 0);
    reserve.note("street", slot * slotMs, (cameWh - foretoldWh) / slotHours);
    if ((slot + 1) % perDay === 0) options.onDay?.((slot + 1) / perDay - 1, result.runs);
  }
  return result;
}

const isIn = ({ slot, slots }: { slot: number; slots: number }, at: number): boolean => slot <= at && at < slot + slots;
