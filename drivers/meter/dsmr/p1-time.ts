import { isMeterDate } from "../meter-date.ts";
import { winterAheadMs, type MeterZone } from "../meter-zone.ts";

const hourMs = 3_600_000;
const summer = 0x53;
const winter = 0x57;

/**
 * Instant of a P1 time "YYMMDDhhmmss" with S (summer) or W (winter) at `start`, in ms since 1970 UTC.
 * The suffix decides, never the calendar, so the doubled hour in October has two instants.
 * Null for sentinels (632525252525W, 700101..., 000101..., zeros), for what is no date, and without suffix (DSMR 2.2).
 */
export function p1TimeAt(bytes: Uint8Array, start: number, zone: MeterZone): number | null {
  const suffix = bytes[start + 12];
  if (suffix !== summer && suffix !== winter) return null;
  const year = 2000 + two(bytes, start);
  const month = two(bytes, start + 2);
  const day = two(bytes, start + 4);
  const hour = two(bytes, start + 6);
  const minute = two(bytes, start + 8);
  const second = two(bytes, start + 10);
  if (!isMeterDate(year, month, day)) return null;
  if (!(hour < 24 && minute < 60 && second < 60)) return null;
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  return local - winterAheadMs[zone] - (suffix === summer ? hourMs : 0);
}

/** Two digits as a number; NaN where there are none, which fails every comparison. */
function two(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - 0x30;
  const ones = (bytes[at + 1] ?? 0) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
