import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { MeterStore } from "../store/meter-store.ts";
import { slotItem } from "../collect/slot-item.ts";
import type { Outbox } from "../store/outbox.ts";

/** Slots that go at one question: ten days of quarters of both registers. Longer time is asked for in parts. */
const mostSlots = 2000;
/** What was sent again is not sent once more within this time. */
const againMs = 600_000;

/**
 * Puts slots of the grid meter that the aggregator lost into the outbox once more, under new numbers. Consents count for them
 * as for any row.
 */
export function slotResender(options: {
  meters: Pick<MeterStore, "slots">;
  outbox: Pick<Outbox, "add">;
  gridMeter: string;
  /** One transaction. */
  atomically: (work: () => void) => void;
  /** There are new rows to send. */
  onAdded: () => void;
  clock: Pick<Clock, "monotonicMs">;
  log: Log;
}): (fromMs: number, toMs: number) => void {
  const { meters, outbox, gridMeter, clock, log } = options;
  let last = { fromMs: 0, toMs: 0, atMs: -Infinity };
  return (fromMs, toMs) => {
    if (last.fromMs === fromMs && last.toMs === toMs && clock.monotonicMs() - last.atMs < againMs) return;
    last = { fromMs, toMs, atMs: clock.monotonicMs() };
    const slots = (["import", "export"] as const)
      .flatMap((register) => meters.slots(gridMeter, register, fromMs, toMs))
      .toSorted((one, other) => one.startMs - other.startMs)
      .slice(0, mostSlots);
    if (slots.length === 0) return;
    options.atomically(() => slots.forEach((slot) => outbox.add(slotItem(slot, "grid"))));
    log.info({ slots: slots.length, from: iso(fromMs), to: iso(toMs) }, "the aggregator lacks these slots, they are sent again");
    options.onAdded();
  };
}
