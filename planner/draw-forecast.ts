import type { PastSlot } from "./base-load.ts";
import { localClock, type LocalTime } from "./local-clock.ts";
import { slotLengthMs } from "./slot-length.ts";

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
const minutesOfDay = 1440;
/** People shower a little earlier or later: what was taken is spread over this time before and after. */
const spreadMinutes = 45;
/** Habits change: older days are left out. */
const recentDays = 28;
const judgedDays = 7;

/**
 * The mean of what was taken around the same local time on the recent days; days of the same kind (workday or weekend) count
 * three times. A mean, since what is taken seldom has a median of nothing. Pure.
 * @param history Wh of heat taken, in any order; gaps are left out
 */
export function drawForecast(
  history: readonly PastSlot[],
  slots: readonly { startMs: number; endMs: number }[],
  { zone }: { zone: string },
): DrawForecast {
  const lengthMs = slotLengthMs(history);
  const timeOf = localClock(zone);
  const placed = history.map((slot) => ({ ...slot, ...timeOf(slot.startMs) }));
  const newest = history.reduce((latest, { startMs }) => Math.max(latest, startMs), -Infinity);
  const whOf = model(placed, newest, lengthMs, timeOf);
  const errors: number[] = [];
  for (let day = 0; day < judgedDays; day += 1) {
    const endMs = newest - day * dayMs;
    const before = placed.filter(({ startMs }) => startMs <= endMs - dayMs);
    if (before.length === 0) break;
    const guess = model(before, endMs - dayMs, lengthMs, timeOf);
    const judged = placed.filter(({ startMs }) => startMs > endMs - dayMs && startMs <= endMs);
    errors.push(Math.abs(judged.reduce((sum, { startMs, wh }) => sum + guess(startMs, lengthMs) - wh, 0)));
  }
  return {
    wh: slots.map(({ startMs, endMs }) => whOf(startMs, endMs - startMs)),
    errorWh: errors.length === 0 ? null : errors.reduce((sum, error) => sum + error, 0) / errors.length,
    days: new Set(history.map(({ startMs }) => Math.floor(startMs / dayMs))).size,
  };
}

type Placed = PastSlot & LocalTime;

/** Wh in a slot. */
function model(
  all: readonly Placed[],
  newest: number,
  lengthMs: number,
  timeOf: (atMs: number) => LocalTime,
): (startMs: number, slotMs: number) => number {
  const history = all.filter(({ startMs }) => startMs > newest - recentDays * dayMs);
  const step = Math.max(1, Math.round(lengthMs / 60_000));
  const bins = Math.ceil(minutesOfDay / step);
  const reach = Math.max(0, Math.round(spreadMinutes / step));
  // [workday, weekend]: what was taken in each part of the day, and in how many slots that was seen.
  const taken = [new Float64Array(bins), new Float64Array(bins)] as const;
  const seen = [new Float64Array(bins), new Float64Array(bins)] as const;
  for (const { minute, weekend, wh } of history) {
    const kind = weekend ? 1 : 0;
    for (let away = -reach; away <= reach; away += 1) {
      const bin = (((Math.floor(minute / step) + away) % bins) + bins) % bins;
      const weight = (reach + 1 - Math.abs(away)) / (reach + 1) ** 2;
      taken[kind][bin] = (taken[kind][bin] ?? 0) + weight * Math.max(0, wh);
      seen[kind][bin] = (seen[kind][bin] ?? 0) + weight;
    }
  }
  const whAt = (atMs: number): number => {
    const { minute, weekend } = timeOf(atMs);
    const kind = weekend ? 1 : 0;
    const bin = Math.min(bins - 1, Math.floor(minute / step));
    const weighted = (values: typeof taken): number => 3 * (values[kind][bin] ?? 0) + (values[1 - kind]?.[bin] ?? 0);
    const times = weighted(seen);
    return times > 0 ? weighted(taken) / times : 0;
  };
  return (startMs, slotMs) => {
    const parts = Math.max(1, Math.round(slotMs / lengthMs));
    let wh = 0;
    for (let part = 0; part < parts; part += 1) wh += whAt(startMs + (part * slotMs) / parts);
    return wh * (slotMs / lengthMs / parts);
  };
}
