import { AppError } from "../../core/app-error.ts";
import type { FlexibilityEvidence } from "../../core/message/settlement-message.ts";
import { divideHalfEven, moneyMicro } from "../../core/units.ts";
import type { FlexibilityRule } from "./agreement.ts";

/** Events of one home on one service day. */
export type FlexibilityEvents = FlexibilityEvidence["events"];

/** An event may have begun so long before its service day: a car that is plugged in in the evening. */
const longestBeforeMs = 24 * 3_600_000;

/**
 * What the events of one home earned, in micro-units: (baseline - metered) x frozen price over all slots, gains and losses
 * netted, rounded half-even once. Negative where the control cost more than it brought.
 */
export function flexibilityEarned(events: FlexibilityEvents): bigint {
  return moneyMicro(
    slotsOf(events).map(({ baselineWh, meteredWh, perKwh }) => ({
      wh: baselineWh - meteredWh,
      microPerKwh: BigInt(perKwh),
    })),
  );
}

/**
 * The reward of one home for one service day, micro-units, never below zero: the agreed share of what was earned, as far as
 * it is funded, rounded half-even. A better price is in whole micro-units per kWh of the events' metered import, rounded
 * down; a discount is no more than that import costs at the frozen prices.
 */
export function flexibilityReward({ events, fundedPpm }: FlexibilityEvidence, { share, paidAs }: FlexibilityRule): bigint {
  const earned = flexibilityEarned(events);
  if (earned <= 0n) return 0n;
  const micro = divideHalfEven(earned * BigInt(share) * BigInt(fundedPpm), 1_000_000_000n);
  switch (paidAs) {
    case "money":
      return micro;
    case "better_price": {
      const wh = slotsOf(events).reduce((sum, { meteredWh }) => sum + meteredWh, 0);
      return wh === 0 ? 0n : (((micro * 1000n) / BigInt(wh)) * BigInt(wh)) / 1000n;
    }
    case "discount": {
      const cost = moneyMicro(slotsOf(events).map(({ meteredWh, perKwh }) => ({ wh: meteredWh, microPerKwh: BigInt(perKwh) })));
      return cost <= 0n ? 0n : micro < cost ? micro : cost;
    }
  }
}

/**
 * That events can be those of a service day: each has slots that follow one another without a gap, ends within the day,
 * begins at most 24 hours before it and not before the agreement, and no meter's time counts twice.
 * @throws AppError settlement-bad-evidence, settlement-wrong-evidence
 */
export function checkFlexibility(
  { events }: Pick<FlexibilityEvidence, "events">,
  { startMs, endMs, fromMs }: { startMs: number; endMs: number; fromMs: number },
): void {
  const spans: { meter: string; startMs: number; endMs: number }[] = [];
  for (const { meter, plan, slots } of events) {
    let reachedMs = Date.parse(slots[0]?.start ?? "");
    const beganMs = reachedMs;
    for (const { start, end, baselineWh, meteredWh } of slots) {
      if (Date.parse(start) !== reachedMs) throw bad(`plan ${plan}: slot ${start} does not begin where the one before it ends`);
      reachedMs = Date.parse(end);
      if (!(Date.parse(start) < reachedMs)) throw bad(`plan ${plan}: slot ${start} ends at ${end}, which is not later`);
      if (baselineWh < 0 || meteredWh < 0) throw bad(`plan ${plan}: slot ${start} has less than 0 Wh of import`);
    }
    if (!(reachedMs > startMs && reachedMs <= endMs) || beganMs < Math.max(startMs - longestBeforeMs, fromMs))
      throw new AppError("settlement-wrong-evidence", `the event of plan ${plan} is not one of this service day`);
    spans.push({ meter, startMs: beganMs, endMs: reachedMs });
  }
  for (const [index, one] of spans.entries())
    if (
      spans.slice(0, index).some((other) => other.meter === one.meter && other.startMs < one.endMs && one.startMs < other.endMs)
    )
      throw bad(`meter ${one.meter} counts twice at ${new Date(one.startMs).toISOString()}`);
}

const slotsOf = (events: FlexibilityEvents) => events.flatMap(({ slots }) => slots);
const bad = (why: string): AppError => new AppError("settlement-bad-evidence", `evidence of flexibility: ${why}`);
