import { drain } from "../drain.ts";
import type { Flow, Home } from "../home.ts";
import { netOf, objective, peakAboveW } from "../objective.ts";
import { idle } from "../physics.ts";
import { descend, type Look, type Peak } from "./descend.ts";

/** How the fast engine looks, first to last. */
export const usualLooks: readonly Look[] = [
  { levels: 30, share: null, rounds: 2, pairs: 1, through: false },
  { levels: 16, share: 0.15, rounds: 2, pairs: 0, through: false },
  { levels: 12, share: 0.04, rounds: 2, pairs: 0, through: false },
  { levels: 8, share: 0.01, rounds: 1, pairs: 0, through: false },
];

/** Two more ways of looking, for problems so short that there is time for all. */
const shortLooks: readonly (readonly Look[])[] = [
  usualLooks.map((look, index) => ({ ...look, through: index < 2 })),
  [
    { levels: 120, share: null, rounds: 4, pairs: 3, through: false },
    { levels: 40, share: 0.2, rounds: 3, pairs: 1, through: true },
    { levels: 16, share: 0.04, rounds: 2, pairs: 0, through: false },
    { levels: 8, share: 0.01, rounds: 1, pairs: 0, through: false },
  ],
];
const shortSlots = 48;

/** Peaks that are tried between none above what is paid for and the one that the cheapest energy makes. */
const peakTries = 7;

/** How a fast plan is made; left out, by the usual looks, from nothing. */
export interface FastOptions {
  looks?: readonly Look[];
  /** Plan to begin with. */
  start?: readonly Flow[];
}

/** A plan for one home without a solver, in tens of milliseconds. */
export function fastPlan(home: Home, options: FastOptions = {}): Flow[] {
  return drain(fastPlanSteps(home, options));
}

/**
 * The same in small bites, for whoever has something else to do meanwhile: yields after each pass over one appliance, which
 * takes from some tenths of a millisecond to a few. A charge on the peak is met by planning under several peaks and taking the
 * cheapest.
 */
export function* fastPlanSteps(home: Home, options: FastOptions = {}): Generator<void, Flow[]> {
  const ways = options.looks ? [options.looks] : home.hours.length <= shortSlots ? shortLooks : [usualLooks];
  let [best, least]: [Flow[], number] = [[], Infinity];
  for (const looks of ways) {
    const flows = yield* planBy(home, looks, options.start);
    const money = objective(home, flows);
    if (best.length === 0 || money < least) [best, least] = [flows, money];
  }
  return best;
}

function* planBy(home: Home, looks: readonly Look[], given: readonly Flow[] | undefined): Generator<void, Flow[]> {
  const slots = home.hours.length;
  const start = given ?? home.devices.map(() => idle(slots));
  const free = yield* descend(home, looks, { wh: new Float64Array(slots).fill(Infinity), price: 0 }, start);
  const { capacity } = home;
  if (!capacity || capacity.pricePerW === 0) return free;
  const highest = peakAboveW(home, netOf(home, free));
  let [best, least] = [free, objective(home, free)];
  let [low, high] = [0, highest];
  // Above a peak it costs as much as if each slot made the peak alone: a plan keeps it wherever it can.
  const underPeak = (aboveW: number): Generator<void, Flow[]> => {
    const peak: Peak = {
      wh: home.hours.map((h) => (capacity.alreadyW + aboveW) * h),
      price: (capacity.pricePerW / Math.min(...home.hours)) * 1.5,
    };
    return descend(home, looks, peak, best);
  };
  const tried = new Map<number, number>();
  const moneyUnder = function* (aboveW: number): Generator<void, number> {
    const known = tried.get(aboveW);
    if (known !== undefined) return known;
    const flows = yield* underPeak(aboveW);
    const money = objective(home, flows);
    tried.set(aboveW, money);
    if (money < least) [best, least] = [flows, money];
    return money;
  };
  // The money is nearly convex in the peak: each try halves where the best one can be.
  for (let count = 0; count < peakTries && high - low > 20; count += 1) {
    const [one, other] = [low + (high - low) / 3, high - (high - low) / 3];
    if ((yield* moneyUnder(one)) < (yield* moneyUnder(other))) high = other;
    else low = one;
  }
  return best;
}
