import type { Slot } from "../../core/slots.ts";
import { iso } from "../../core/clock/clock.ts";
import type { FlexibilityEvents } from "../../settlement/record/flexibility.ts";
import type { StoredSlot } from "../store/aggregator-store.ts";
import type { FlexEvent } from "../store/event-store.ts";
import type { FrozenPrice } from "../store/reward-store.ts";
import { chargeNow } from "../../settlement/record/charge-now.ts";
import { evenly } from "../../settlement/record/evenly.ts";
import { tenOfTen } from "./ten-of-ten.ts";

/** Most that a day may move the baseline of a whole house, per mille. Source: the CAISO family of rules, as AEMO has it. */
const adjustmentCap = 200;

/** What one event is reckoned from. */
export interface EventBasis {
  event: FlexEvent;
  /** Import of the event's meter: the event, and for a whole house the days before it. */
  slots: readonly StoredSlot[];
  /** When the house was under control, this event included. */
  controlled: readonly Slot[];
  prices: readonly FrozenPrice[];
  /** What slots cost more at each feeder of the home. */
  charges: readonly (readonly FrozenPrice[])[];
  timezone: string;
}

/**
 * One event as evidence of a reward. Pure.
 * @returns "missing" while slots of the meter are not there; "unpriced" where a slot has no one frozen price, "no-baseline"
 * where there are too few days to compare with: such an event cannot be rewarded
 */
export function eventEvidence({
  event,
  slots,
  controlled,
  prices,
  charges,
  timezone,
}: EventBasis): FlexibilityEvents[number] | "missing" | "unpriced" | "no-baseline" {
  const metered = slots.filter(({ startMs, endMs }) => startMs < event.endMs && event.startMs < endMs);
  const gap = metered.some(({ startMs }, index) => index > 0 && startMs !== metered[index - 1]?.endMs);
  const [first, last] = [metered[0], metered.at(-1)];
  if (!first || !last || gap || first.startMs > event.startMs || last.endMs < event.endMs) return "missing";
  const perKwh = metered.map((slot) => worthOf(slot, prices, charges));
  const baseline =
    event.baseline === "charge_now"
      ? // From the start of its first slot: that is all that who checks it can know.
        chargeNow({ startMs: first.startMs, endMs: last.endMs }, metered, event.powerW ?? 0)
      : event.baseline === "evenly"
        ? evenly(metered)
        : tenOfTen({ event: metered, history: slots, controlled, timezone, adjustmentCap });
  if (!baseline) return "no-baseline";
  if (perKwh.includes(undefined)) return "unpriced";
  return {
    plan: event.plan,
    resource: event.resource,
    meter: event.meter,
    baseline: event.baseline,
    slots: metered.map(({ startMs, endMs, wh }, index) => ({
      start: iso(startMs),
      end: iso(endMs),
      baselineWh: baseline[index] ?? 0,
      meteredWh: wh,
      perKwh: String(perKwh[index] ?? 0n),
    })),
  };
}

/** The frozen price of a slot with what its feeders ask for more; a feeder without a contract asks for nothing. */
function worthOf(slot: Slot, prices: readonly FrozenPrice[], charges: EventBasis["charges"]): bigint | undefined {
  const asked = charges.filter((feeder) => feeder.some(({ startMs, endMs }) => startMs < slot.endMs && slot.startMs < endMs));
  const parts = [prices, ...asked].map((series) => priceOf(slot, series));
  return parts.reduce((sum, part) => (sum === undefined || part === undefined ? undefined : sum + part), 0n);
}

/** The price that was frozen for the whole of a slot; undefined where there is none, or where it changes within. */
function priceOf({ startMs, endMs }: Slot, prices: readonly FrozenPrice[]): bigint | undefined {
  const touching = prices
    .filter((price) => price.startMs < endMs && startMs < price.endMs)
    .toSorted((a, b) => a.startMs - b.startMs);
  let reachedMs = startMs;
  for (const price of touching) {
    if (price.startMs > reachedMs) return undefined;
    reachedMs = price.endMs;
  }
  const [first] = touching;
  return reachedMs >= endMs && touching.every(({ perKwh }) => perKwh === first?.perKwh) ? first?.perKwh : undefined;
}
