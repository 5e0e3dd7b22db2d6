import { evenSlots } from "./even-slots.ts";
import { habit } from "./habit.ts";
import { localClock } from "./local-clock.ts";

/** What a house drew in one slot of the past, without its planned appliances. */
export interface PastSlot {
  startMs: number;
  endMs: number;
  wh: number;
}

/** What it will draw, and how far such forecasts were off. */
export interface BaseLoadForecast {
  /** W in each of the slots asked for. */
  watts: number[];
  /**
   * Mean of |forecast - metered| over the last day that is known, W, forecast from the days before it; null without two days.
   */
  errorW: number | null;
  /** Days of history that it rests on. */
  days: number;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/**
 * What the house's habit says, else `otherwiseW`. Pure.
 * @param history in any order; gaps are left out
 */
export function baseLoadForecast(
  history: readonly PastSlot[],
  slots: readonly { startMs: number; endMs: number }[],
  options: { zone: string; otherwiseW: number },
): BaseLoadForecast {
  const timeOf = localClock(options.zone);
  const { lengthMs, slots: even } = evenSlots(history);
  const placed = even.map((slot) => ({ ...slot, ...timeOf(slot.startMs) }));
  const newest = history.reduce((latest, { startMs }) => Math.max(latest, startMs), -Infinity);
  const forecast = habit(placed, newest, lengthMs, timeOf);
  const before = placed.filter(({ startMs }) => startMs <= newest - dayMs);
  const past = habit(before, newest - dayMs, lengthMs, timeOf);
  const errors = placed.flatMap(({ startMs, wh }) => {
    const guess = startMs > newest - dayMs ? past(startMs, lengthMs) : undefined;
    return guess === undefined ? [] : [(Math.abs(guess - wh) * hourMs) / lengthMs];
  });
  return {
    watts: slots.map(({ startMs, endMs }) => {
      const wh = forecast(startMs, endMs - startMs);
      return wh === undefined ? options.otherwiseW : (wh * hourMs) / (endMs - startMs);
    }),
    errorW: errors.length === 0 ? null : errors.reduce((sum, error) => sum + error, 0) / errors.length,
    days: new Set(history.map(({ startMs }) => Math.floor(startMs / dayMs))).size,
  };
}
