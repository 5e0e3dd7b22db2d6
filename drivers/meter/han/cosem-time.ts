import { isMeterDate } from "../meter-date.ts";
import { winterAheadMs, type MeterZone } from "../meter-zone.ts";

/** Bytes of a date-time: year (2), month, day, weekday, hour, minute, second, hundredths, deviation (2), status. */
export const cosemTimeBytes = 12;

/** How a maker's clock is meant where it does not say how far it is from UTC. */
export interface ClockHabit {
  /** Whether summer time counts when the status byte says so, or (Kaifa, which never says so) by the calendar. */
  summer: "status" | "calendar";
  /** Aidon writes a deviation of 0 and means the zone's winter time. */
  zeroIsUnknown: boolean;
}

const unknownDeviation = -0x8000;
const notSpecified = 0xff;
/** Bits of the status byte. */
const invalid = 0x01;
const summerTime = 0x80;
const hourMs = 3_600_000;

/**
 * Instant of the date-time at `at`, in ms since 1970 UTC. The deviation decides, UTC less local time in minutes with
 * summer time included; where it is not given, the zone does, with the clock's habit.
 * Null for wildcards, for clocks that were never set (years up to 2006, status "invalid"), for what is no date, and for
 * the hour in October that comes twice where nothing tells which.
 * @see IEC 62056-6-2, 4.1.6.1
 */
export function cosemTimeAt(bytes: Uint8Array, at: number, zone: MeterZone, habit: ClockHabit): number | null {
  if (at + cosemTimeBytes > bytes.length) return null;
  const year = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  const month = bytes[at + 2] ?? 0;
  const day = bytes[at + 3] ?? 0;
  const hour = bytes[at + 5] ?? 0;
  const minute = bytes[at + 6] ?? 0;
  const given = bytes[at + 7] ?? 0;
  const second = given === notSpecified ? 0 : given;
  if (!isMeterDate(year, month, day)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const status = bytes[at + 11] ?? 0;
  if (status !== notSpecified && (status & invalid) !== 0) return null;
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  const deviation = (((bytes[at + 9] ?? 0) << 24) >> 16) | (bytes[at + 10] ?? 0);
  if (deviation >= -720 && deviation <= 840 && !(deviation === 0 && habit.zeroIsUnknown)) return local + deviation * 60_000;
  if (deviation !== unknownDeviation && deviation !== 0) return null;
  const winter = local - winterAheadMs[zone];
  if (status !== notSpecified && (status & summerTime) !== 0) return winter - hourMs;
  if (habit.summer === "status") return winter;
  if (month !== 3 && month !== 10) return month > 3 && month < 10 ? winter - hourMs : winter;
  const asSummer = inSummer(winter - hourMs);
  const asWinter = !inSummer(winter);
  if (asSummer && asWinter) return null;
  return asSummer ? winter - hourMs : winter;
}

/** European summer time: from the last Sunday of March to that of October, 01:00 UTC each. */
function inSummer(ms: number): boolean {
  const year = new Date(ms).getUTCFullYear();
  return ms >= lastSunday(year, 2) && ms < lastSunday(year, 9);
}

function lastSunday(year: number, month: number): number {
  const end = Date.UTC(year, month, 31, 1);
  return end - new Date(end).getUTCDay() * 24 * hourMs;
}
