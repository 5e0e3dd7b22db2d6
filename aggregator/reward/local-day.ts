import { Temporal } from "temporal-polyfill";
import { startOfLocalDay } from "../../core/slots.ts";

/** Whether an instant lies in a local Saturday or Sunday. */
export function isWeekend(atMs: number, zone: string): boolean {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).dayOfWeek >= 6;
}

/** Midnight at the start of the local day before the one that begins at `dayMs`, ms. */
export function previousLocalDay(dayMs: number, zone: string): number {
  return startOfLocalDay(dayMs - 1, zone);
}

/**
 * The instant that local clocks show as far before or after a day as they show `atMs` before or after its own day: of an
 * event of today the same time on another day, of the evening before it the evening before that.
 * A time that the spring change skips is taken an hour later; of a doubled hour the first is taken.
 */
export function sameTimeOn(atMs: number, days: { ownMs: number; otherMs: number }, zone: string): number {
  const local = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  const at = local(atMs);
  const daysAfter = local(days.ownMs).toPlainDate().until(at.toPlainDate(), { largestUnit: "days" }).days;
  return local(days.otherMs)
    .toPlainDate()
    .add({ days: daysAfter })
    .toZonedDateTime({ timeZone: zone, plainTime: at.toPlainTime() }).epochMilliseconds;
}
