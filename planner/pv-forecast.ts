import type { PastSlot } from "./base-load.ts";
import { evenSlots } from "./even-slots.ts";

/** What PV will give, and how far such forecasts were off. */
export interface PvForecast {
  /** W in each of the slots asked for, 0 or more. */
  watts: number[];
  /**
   * Mean of |forecast - metered| over the last day that is known, nights too, W, forecast from the days before it; null without
   * two days.
   */
  errorW: number | null;
  /** Days of history that it rests on. */
  days: number;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** The sun's path changes: older days tell little. */
const recentDays = 14;
/** What the last hours say of the next ones halves in this time. */
const halfLifeMs = 3 * hourMs;
/** How much of the newest day's weather is still there on the next one. */
const nextDayShare = 0.3;
/** Below this share of the day's best hour the sun is too low to tell the weather. */
const lowSun = 0.1;
/** With less sunshine than this at a time of day, what came says nothing of what more would bring. */
const leastSunWm2 = 5;
/** Foretold sunshine may lift the forecast above all that was seen, but no further. */
const mostOfHighest = 1.3;

/**
 * What the panels gave at the same time of the recent days: their clear-sky level (the highest of them) times a share for the
 * clouds. The share goes from that of the last two hours over that of the last day to the mean. The sun keeps UTC: local
 * clocks do not matter. Pure.
 * @param history what the PV gave, in any order; gaps are left out
 * @param options.irradianceWm2 sunshine at an instant, measured or foretold, where a weather service says it: then the share is
 *   not guessed, and each Wh/(W/m2) is that of the recent days at that time
 */
export function pvForecast(
  history: readonly PastSlot[],
  slots: readonly { startMs: number; endMs: number }[],
  options: { irradianceWm2?: (atMs: number) => number | undefined } = {},
): PvForecast {
  const { lengthMs, slots: even } = evenSlots(history);
  const forecast = model(even, lengthMs, options);
  const newest = newestOf(even);
  const before = model(
    even.filter(({ startMs }) => startMs <= newest - dayMs),
    lengthMs,
    options,
  );
  const errors = even.flatMap(({ startMs, wh }) => {
    const guess = startMs > newest - dayMs ? before(startMs) : undefined;
    return guess === undefined ? [] : [Math.abs(guess - (wh * hourMs) / lengthMs)];
  });
  return {
    watts: slots.map(({ startMs, endMs }) => forecast((startMs + endMs) / 2) ?? 0),
    errorW: errors.length === 0 ? null : errors.reduce((sum, error) => sum + error, 0) / errors.length,
    days: new Set(history.map(({ startMs }) => Math.floor(startMs / dayMs))).size,
  };
}

const newestOf = (history: readonly PastSlot[]): number =>
  history.reduce((latest, { startMs }) => Math.max(latest, startMs), -Infinity);

interface TimeOfDay {
  clearW: number;
  sumW: number;
  count: number;
  /** Sunshine that came with sumW, W/m2. */
  sunned: number;
  sunnedW: number;
}

/** W at an instant; undefined where nothing is known of its time of day. */
function model(
  all: readonly PastSlot[],
  lengthMs: number,
  { irradianceWm2 }: { irradianceWm2?: (atMs: number) => number | undefined },
): (atMs: number) => number | undefined {
  const newest = newestOf(all);
  const history = all.filter(({ startMs }) => startMs > newest - recentDays * dayMs);
  const slotOfDay = (atMs: number): number => Math.floor((((atMs % dayMs) + dayMs) % dayMs) / lengthMs);
  const times = new Map<number, TimeOfDay>();
  for (const { startMs, wh } of history) {
    const watts = Math.max(0, (wh * hourMs) / lengthMs);
    const known = times.get(slotOfDay(startMs)) ?? { clearW: 0, sumW: 0, count: 0, sunned: 0, sunnedW: 0 };
    known.clearW = Math.max(known.clearW, watts);
    known.sumW += watts;
    known.count += 1;
    const sun = irradianceWm2?.(startMs + lengthMs / 2);
    if (sun !== undefined) {
      known.sunned += sun;
      known.sunnedW += watts;
    }
    times.set(slotOfDay(startMs), known);
  }
  const highestW = [...times.values()].reduce((highest, { clearW }) => Math.max(highest, clearW), 0);
  const meanOf = ({ sumW, count }: TimeOfDay): number => sumW / Math.max(1, count);
  /** What came since an instant beside what comes at those times on the mean day. */
  const beside = (sinceMs: number): number | undefined => {
    let [came, usual] = [0, 0];
    for (const { startMs, wh } of history) {
      const time = times.get(slotOfDay(startMs));
      if (startMs <= sinceMs || !time || time.clearW < lowSun * highestW) continue;
      came += (wh * hourMs) / lengthMs;
      usual += meanOf(time);
    }
    return usual > 0 ? came / usual : undefined;
  };
  const lastDay = beside(newest - dayMs) ?? 1;
  const lastHours = beside(newest - 2 * hourMs);
  return (atMs) => {
    const time = times.get(slotOfDay(atMs));
    if (!time) return undefined;
    const sun = irradianceWm2?.(atMs);
    if (sun !== undefined && time.sunned > leastSunWm2 * time.count)
      return Math.min(mostOfHighest * highestW, Math.max(0, sun * (time.sunnedW / time.sunned)));
    const fades = 0.5 ** (Math.max(0, atMs - newest - lengthMs) / halfLifeMs);
    const day = 1 + nextDayShare * (lastDay - 1);
    const factor = lastHours === undefined ? day : day + fades * (lastHours - day);
    return Math.min(time.clearW, Math.max(0, factor * meanOf(time)));
  };
}
