import type { FlexibilityEvents } from "../../settlement/record/flexibility.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { FlexEvent } from "../store/event-store.ts";
import { eventEvidence } from "./event-evidence.ts";

/** One event with what meters showed of it, or why it cannot be told (see eventEvidence). */
export type FoundEvidence = FlexibilityEvents[number] | "missing" | "unpriced" | "no-baseline";

/** Reads what events did. */
export interface EventReader {
  evidenceOf(event: FlexEvent, timezone: string): Promise<FoundEvidence>;
  /** Events of a home that end within (start, end] and that the home took: without its word nothing was controlled. */
  ended(site: string, startMs: number, endMs: number): Promise<FlexEvent[]>;
}

/** History that the baseline of a whole house may need, and the longest time that an event begins before its day. */
const historyMs = 62 * 24 * 3_600_000;

/** @param feedersOf names of the feeders that a home hangs on */
export function eventReader(
  store: Pick<AggregatorStore, "meterSlots" | "events" | "frozenPrices" | "frozenCharges" | "planAnswer">,
  feedersOf: (site: string) => readonly string[],
): EventReader {
  return {
    async evidenceOf(event, timezone) {
      const { site, meter, startMs, endMs } = event;
      const house = event.baseline === "ten_of_ten";
      // A slot that began before the event belongs to it, too.
      const fromMs = startMs - (house ? historyMs : 3_600_000);
      const slots = await store.meterSlots(site, meter, fromMs, endMs);
      const controlled = house ? await store.events(site, fromMs, endMs) : [];
      const [pricedMs, untilMs] = [startMs - 3_600_000, endMs + 3_600_000];
      const prices = await store.frozenPrices(pricedMs, untilMs);
      const charges = await Promise.all(feedersOf(site).map((feeder) => store.frozenCharges(feeder, pricedMs, untilMs)));
      return eventEvidence({ event, slots, controlled, prices, charges, timezone });
    },
    async ended(site, startMs, endMs) {
      const taken: FlexEvent[] = [];
      for (const event of await store.events(site, startMs, endMs))
        if (event.endMs <= endMs && (await store.planAnswer(site, event.plan)) === "ACCEPTED") taken.push(event);
      return taken;
    },
  };
}
