import type { FlexibilityRule } from "../../settlement/record/agreement.ts";
import { flexibilityEarned, flexibilityReward, type FlexibilityEvents } from "../../settlement/record/flexibility.ts";

/** What one home did on a service day, and what it gets by its agreement. */
export interface HomeDay {
  site: string;
  rule: FlexibilityRule;
  /** Events that count: none that the resident overrode. */
  events: FlexibilityEvents;
}

/** What a home gets for a day. All money in micro-units. */
export interface HomeReward {
  site: string;
  /** What its own flexibility earned, netted; may be negative. */
  earned: bigint;
  /** At least zero. */
  amount: bigint;
}

/** Rewards of one day. */
export interface DayRewards {
  /** What there is to pay from. */
  pot: bigint;
  /** How much of the agreed shares it pays for, parts per million; the same for all homes. */
  fundedPpm: number;
  rewards: HomeReward[];
}

const whole = 1_000_000;

/**
 * The rewards of all homes for one day. What homes lost is first taken from what others earned; the rest, or what flexibility
 * really brought in where that is less, is the pot. No home ever pays, and all rewards together never exceed the pot: where
 * they would, all are cut by the same part, as little as will do. The order of homes does not matter. Pure.
 * @param broughtIn what flexibility really earned that day, micro-units; null where only the frozen prices tell
 */
export function dayRewards(homes: readonly HomeDay[], broughtIn: bigint | null = null): DayRewards {
  const earned = homes.map(({ events }) => flexibilityEarned(events));
  const net = earned.reduce((sum, micro) => sum + micro, 0n);
  const least = broughtIn !== null && broughtIn < net ? broughtIn : net;
  const pot = least > 0n ? least : 0n;
  const amountsAt = (fundedPpm: number): bigint[] =>
    homes.map(({ events, rule }) => flexibilityReward({ events, fundedPpm }, rule));
  const affordable = (fundedPpm: number): boolean => amountsAt(fundedPpm).reduce((sum, micro) => sum + micro, 0n) <= pot;
  const fundedPpm = greatest(whole, affordable);
  const amounts = amountsAt(fundedPpm);
  return {
    pot,
    fundedPpm,
    rewards: homes.map(({ site }, index) => ({ site, earned: earned[index] ?? 0n, amount: amounts[index] ?? 0n })),
  };
}

/** The greatest number from 0 to `most` that fits, where all below one that fits do too, and 0 does. */
function greatest(most: number, fits: (number: number) => boolean): number {
  if (fits(most)) return most;
  let [good, bad] = [0, most];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  return good;
}
