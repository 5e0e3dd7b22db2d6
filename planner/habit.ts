import type { LocalTime } from "./local-clock.ts";

/** What was taken in one slot of the past, Wh, by the house's clocks. */
export interface PlacedSlot extends LocalTime {
  startMs: number;
  wh: number;
}

const dayMs = 86_400_000;
const minutesOfDay = 1440;
/** People do things a little earlier or later: what was taken is spread over this time before and after. */
const spreadMinutes = 45;
/** Habits change: older days are left out. */
const recentDays = 28;

/**
 * The mean of what was taken around the same local time on the recent days; days of the same kind (workday or weekend) count
 * three times. A mean, since the median of what is taken seldom is nothing, and the cost of a shortfall is that of the mean.
 * @param newestMs start of the newest slot that counts
 * @param lengthMs of the slots of `all`
 * @returns Wh in a slot; undefined at a time of day that was never seen. Pure.
 */
export function habit(
  all: readonly PlacedSlot[],
  newestMs: number,
  lengthMs: number,
  timeOf: (atMs: number) => LocalTime,
): (startMs: number, slotMs: number) => number | undefined {
  const history = all.filter(({ startMs }) => startMs > newestMs - recentDays * dayMs);
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
  const whAt = (atMs: number): number | undefined => {
    const { minute, weekend } = timeOf(atMs);
    const kind = weekend ? 1 : 0;
    const bin = Math.min(bins - 1, Math.floor(minute / step));
    const weighted = (values: typeof taken): number => 3 * (values[kind][bin] ?? 0) + (values[1 - kind]?.[bin] ?? 0);
    const times = weighted(seen);
    return times > 0 ? weighted(taken) / times : undefined;
  };
  return (startMs, slotMs) => {
    const parts = Math.max(1, Math.round(slotMs / lengthMs));
    let [wh, known] = [0, 0];
    for (let part = 0; part < parts; part += 1) {
      const one = whAt(startMs + (part * slotMs) / parts);
      if (one === undefined) continue;
      wh += one;
      known += 1;
    }
    return known === 0 ? undefined : (wh / known) * (slotMs / lengthMs);
  };
}
