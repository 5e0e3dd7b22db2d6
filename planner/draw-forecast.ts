import type { PastSlot } from "./base-load.ts";
import { evenSlots } from "./even-slots.ts";
import { habit } from "./habit.ts";
import { localClock } from "./local-clock.ts";

/** What hot water people will take, and how far such forecasts were off. */
export interface DrawForecast {
  /** Wh of heat in each of the slots asked for, 0 or more. */
  wh: number[];
  /**
   * Mean of |forecast - taken| of a whole day, Wh, over the last days (7 at most) of which each was forecast from those before
   * it; null without two days.
   */
  errorWh: number | null;
  /** Days of history that it rests on. */
  days: number;
}

const dayMs = 86_400_000;
const judgedDays = 7;

/**
 * What the house's habit says. Pure.
 * @param history Wh of heat taken, in any order; gaps are left out
 */
export function drawForecast(
  history: readonly PastSlot[],
  slots: readonly { startMs: number; endMs: number }[],
  { zone }: { zone: string },
): DrawForecast {
  const { lengthMs, slots: even } = evenSlots(history);
  const timeOf = localClock(zone);
  const placed = even.map((slot) => ({ ...slot, ...timeOf(slot.startMs) }));
  const newest = history.reduce((latest, { startMs }) => Math.max(latest, startMs), -Infinity);
  const whOf = habit(placed, newest, lengthMs, timeOf);
  const errors: number[] = [];
  for (let day = 0; day < judgedDays; day += 1) {
    const endMs = newest - day * dayMs;
    const before = placed.filter(({ startMs }) => startMs <= endMs - dayMs);
    if (before.length === 0) break;
    const guess = habit(before, endMs - dayMs, lengthMs, timeOf);
    const judged = placed.filter(({ startMs }) => startMs > endMs - dayMs && startMs <= endMs);
    errors.push(Math.abs(judged.reduce((sum, { startMs, wh }) => sum + (guess(startMs, lengthMs) ?? 0) - wh, 0)));
  }
  return {
    wh: slots.map(({ startMs, endMs }) => whOf(startMs, endMs - startMs) ?? 0),
    errorWh: errors.length === 0 ? null : errors.reduce((sum, error) => sum + error, 0) / errors.length,
    days: new Set(history.map(({ startMs }) => Math.floor(startMs / dayMs))).size,
  };
}
