import { localClock } from "../../planner/local-clock.ts";

const dayMs = 86_400_000;
const minuteMs = 60_000;

/**
 * Until when day-ahead prices are known, ms: to the end of the local day, and from 13:00 on to the end of the next one.
 * @param atMs the moment of asking
 */
export function knownUntil(atMs: number, zone: string): number {
  const { minute } = localClock(zone)(atMs);
  const todayMs = atMs - minute * minuteMs;
  return todayMs + (minute >= 13 * 60 ? 2 : 1) * dayMs;
}

/**
 * Prices where none is announced yet: the mean of the last seven days at that time of day, half of the newest day's distance
 * from their mean added. Pure.
 * @param known prices of whole slots up to where they are known, oldest first
 * @param count how many slots more are asked for
 */
export function priceOutlook(known: readonly number[], slotsPerDay: number, count: number): number[] {
  const days = Math.min(7, Math.floor(known.length / slotsPerDay));
  const week = known.slice(known.length - days * slotsPerDay);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const shift = 0.5 * (mean(week.slice(-slotsPerDay)) - mean(week));
  return Array.from({ length: count }, (_, ahead) => {
    const at = ahead % slotsPerDay;
    return mean(week.filter((__, slot) => slot % slotsPerDay === at)) + shift;
  });
}
