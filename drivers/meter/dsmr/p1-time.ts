/** Zones of P1 meters by their winter time; the suffix S adds an hour. Lithuania and Finland are EET, Ireland is WET. */
export const p1Zones = { WET: 0, CET: 1, EET: 2 } as const;
export type P1Zone = keyof typeof p1Zones;

const hourMs = 3_600_000;
const summer = 0x53;
const winter = 0x57;
const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Instant of a P1 time "YYMMDDhhmmss" with S (summer) or W (winter) at `start`, in ms since 1970 UTC.
 * The suffix decides, never the calendar, so the doubled hour in October has two instants.
 * Null for sentinels (632525252525W, 700101..., 000101..., zeros), for what is no date, and without suffix (DSMR 2.2).
 */
export function p1TimeAt(bytes: Uint8Array, start: number, zone: P1Zone): number | null {
  const suffix = bytes[start + 12];
  if (suffix !== summer && suffix !== winter) return null;
  const year = two(bytes, start);
  const month = two(bytes, start + 2);
  const day = two(bytes, start + 4);
  const hour = two(bytes, start + 6);
  const minute = two(bytes, start + 8);
  const second = two(bytes, start + 10);
  // The first P1 meters are of 2007: earlier years, and those past 2069, are clocks that were never set.
  const date = year >= 7 && year <= 69 && day >= 1 && day <= (daysOfMonth[month - 1] ?? 0);
  if (!date) return null;
  if (month === 2 && day === 29 && year % 4 !== 0) return null;
  if (!(hour < 24 && minute < 60 && second < 60)) return null;
  const local = Date.UTC(2000 + year, month - 1, day, hour, minute, second);
  return local - (p1Zones[zone] + (suffix === summer ? 1 : 0)) * hourMs;
}

/** Two digits as a number; NaN where there are none, which fails every comparison. */
function two(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - 0x30;
  const ones = (bytes[at + 1] ?? 0) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
