import { localClock } from "./local-clock.ts";

/** What a house drew in one slot of the past, without its planned appliances. */
export interface PastSlot {
  startMs: number;
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

/**
 * The median of what the house drew at the same local time on days of the same kind (workday or weekend), else on all days,
 * else `otherwiseW`. Pure.
 * @param history in any order; gaps are left out
 */
export function baseLoadForecast(
  history: readonly PastSlot[],
  slots: readonly { startMs: number; endMs: number }[],
  options: { zone: string; otherwiseW: number },
): BaseLoadForecast {
  const first = slots[0];
  const lengthMs = first ? first.endMs - first.startMs : 900_000;
  const perHour = 3_600_000 / lengthMs;
  const newest = history.reduce((latest, { startMs }) => Math.max(latest, startMs), -Infinity);
  const forecast = medianByTime(history, options);
  const before = history.filter(({ startMs }) => startMs <= newest - dayMs);
  const lastDay = history.filter(({ startMs }) => startMs > newest - dayMs);
  const past = medianByTime(before, options);
  const errors = lastDay.flatMap(({ startMs, wh }) => {
    const guess = past(startMs);
    return guess === undefined ? [] : [Math.abs(guess - wh) * perHour];
  });
  return {
    watts: slots.map(({ startMs }) => {
      const wh = forecast(startMs);
      return wh === undefined ? options.otherwiseW : wh * perHour;
    }),
    errorW: errors.length === 0 ? null : errors.reduce((sum, error) => sum + error, 0) / errors.length,
    days: new Set(history.map(({ startMs }) => Math.floor(startMs / dayMs))).size,
  };
}

function medianByTime(history: readonly PastSlot[], { zone }: { zone: string }): (startMs: number) => number | undefined {
  const timeOf = localClock(zone);
  const byKind = new Map<string, number[]>();
  const add = (key: string, wh: number): void => {
    const values = byKind.get(key);
    if (values) values.push(wh);
    else byKind.set(key, [wh]);
  };
  for (const { startMs, wh } of history) {
    const { minute, weekend } = timeOf(startMs);
    add(`${minute}`, wh);
    add(`${weekend} ${minute}`, wh);
  }
  return (startMs) => {
    const { minute, weekend } = timeOf(startMs);
    return median(byKind.get(`${weekend} ${minute}`) ?? byKind.get(`${minute}`));
  };
}

function median(values: readonly number[] | undefined): number | undefined {
  const sorted = values?.toSorted((one, other) => one - other);
  return sorted?.[Math.floor(sorted.length / 2)];
}
