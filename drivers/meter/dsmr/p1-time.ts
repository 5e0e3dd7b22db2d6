/** Zones of P1 meters by their winter time; the suffix S adds an hour. Lithuania and Finland are EET, Ireland is WET. */
export const p1Zones = { WET: 0, CET: 1, EET: 2 } as const;
export type P1Zone = keyof typeof p1Zones;

const hourMs = 3_600_000;

/**
 * Instant of a P1 time "YYMMDDhhmmss" with S (summer) or W (winter), in ms since 1970 UTC.
 * The suffix decides, never the calendar, so the doubled hour in October has two instants.
 * Null for sentinels (632525252525W, 700101..., 000101..., zeros), for what is no date, and without suffix (DSMR 2.2).
 */
export function p1Time(text: string, zone: P1Zone): number | null {
  const match = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([SW])$/.exec(text);
  if (!match) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  // The first P1 meters are of 2007: earlier years, and those past 2069, are clocks that were never set.
  if (year < 7 || year > 69) return null;
  const local = new Date(Date.UTC(2000 + year, month - 1, day, hour, minute, second));
  const real = local.getUTCMonth() === month - 1 && local.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!real) return null;
  return local.getTime() - (p1Zones[zone] + (match[7] === "S" ? 1 : 0)) * hourMs;
}
