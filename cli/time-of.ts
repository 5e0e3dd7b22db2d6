import { Temporal } from "temporal-polyfill";
import { nextLocalTime } from "../core/slots.ts";

/**
 * The instant that somebody in the house means, undefined where it is none: `18:00` is the next one on the house's clocks,
 * `2026-12-27T18:00` is read on them too, and with `Z` or `+01:00` behind it it says its zone itself.
 */
export function timeOf(text: string, zone: string, nowMs: number): number | undefined {
  if (/^([01]\d|2[0-3]):[0-5]\d$/.test(text)) return nextLocalTime(text, zone, nowMs);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text)) return undefined;
  try {
    return /(Z|[+-]\d\d:\d\d)$/.test(text)
      ? Temporal.Instant.from(text).epochMilliseconds
      : Temporal.PlainDateTime.from(text).toZonedDateTime(zone).epochMilliseconds;
  } catch {
    return undefined;
  }
}
