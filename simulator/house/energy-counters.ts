import type { LocalTime } from "./local-day.ts";

/** Counters in joule, so that integer watts times integer seconds never round. */
export interface EnergyCounters {
  /** By tariff: 1 low (night and weekend), 2 normal, as Dutch meters number them. */
  importJ: [number, number];
  exportJ: [number, number];
}

/** 0 for tariff 1 (low: 23:00 to 07:00 and weekends), 1 for tariff 2. */
export function tariffIndex(time: LocalTime): 0 | 1 {
  return time.weekday > 5 || time.secondOfDay >= 82_800 || time.secondOfDay < 25_200 ? 0 : 1;
}

/** Counts integer W (import positive) through some seconds. */
export function count(counters: EnergyCounters, time: LocalTime, powerW: number, stepS: number): void {
  const tariff = tariffIndex(time);
  if (powerW >= 0) counters.importJ[tariff] += powerW * stepS;
  else counters.exportJ[tariff] -= powerW * stepS;
}

/** Whole Wh that a meter shows of a counter. */
export const shownWh = (joule: number): number => Math.floor(joule / 3600);
