import { localTimeOf, nextLocalTime } from "../../core/slots.ts";

/**
 * Whether a span is one service day: it ends when local clocks next show the time at which it starts.
 * That is 24 h, or 23 or 25 where daylight saving changes.
 * @param zone IANA zone of the agreement
 */
export function isServiceDay(startMs: number, endMs: number, zone: string): boolean {
  return startMs % 60_000 === 0 && nextLocalTime(localTimeOf(startMs, zone), zone, startMs) === endMs;
}
