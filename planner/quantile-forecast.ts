import { baseLoadForecast, type PastSlot } from "./base-load.ts";
import { evenSlots } from "./even-slots.ts";
import { localClock } from "./local-clock.ts";

/** W by slot: as many of a hundred days lie below. */
export interface Quantiles {
  q10: number[];
  q50: number[];
  q90: number[];
}

/** What is foretold of a power, and how far such forecasts were off. */
export interface QuantileForecast extends Quantiles {
  /** Mean, W: what sums of many homes rest on. */
  meanW: number[];
  /** "profile" where the history is too short, or says the same all the time. */
  source: "history" | "profile";
  /**
   * Over the last day that is known, forecast from the days before it: mean of |q50 - metered|, W, and the share of slots that
   * lay between q10 and q90 (0.8 is right). Null without two days.
   */
  errorW: number | null;
  insideShare: number | null;
  /** Days of history that it rests on. */
  days: number;
}

type Spread = { low: number[]; middle: number[]; high: number[] };

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const minutesOfDay = 1440;
/** Habits change: older days are left out. */
const recentDays = 28;
/** Nearer to each other than this, Wh a slot, all values are the same. */
const flatWh = 1;
/** So many values around a time of day say something of their spread. */
const fewest = 6;
/** Times of day that count as one. */
const reachMinutes = 45;
/** Days of the same kind (workday or weekend) count so many times. */
const sameKind = 3;

/**
 * The spread of what was metered around the same local time on the recent days, weighted by nearness and by the kind of day.
 * Pure.
 * @param history in any order; gaps are left out
 * @param options.otherwise what a home of which too little is known does
 */
export function quantileForecast(
  history: readonly PastSlot[],
  slots: readonly { startMs: number; endMs: number }[],
  options: { zone: string; otherwise: (slots: readonly { startMs: number; endMs: number }[]) => Spread },
): QuantileForecast {
  const { zone, otherwise } = options;
  const { lengthMs, slots: even } = evenSlots(history);
  const newest = even.reduce((latest, { startMs }) => Math.max(latest, startMs), -Infinity);
  const days = new Set(even.map(({ startMs }) => Math.floor(startMs / dayMs))).size;
  const before = even.filter(({ startMs }) => startMs <= newest - dayMs);
  const judged = before.length === 0 ? undefined : judge(even, before, { newest, lengthMs, zone });
  const usable = tellsSomething(even, newest, lengthMs) ? even : [];
  if (usable.length === 0) {
    const { low, middle, high } = otherwise(slots);
    return { q10: low, q50: middle, q90: high, meanW: middle, source: "profile", ...noError, ...judged, days };
  }
  const spread = spreadOf(usable, { newest, lengthMs, zone });
  const found = slots.map(({ startMs }) => spread(startMs));
  const profile = found.includes(undefined) ? otherwise(slots) : undefined;
  const mean = baseLoadForecast(usable, slots, { zone, otherwiseW: Number.NaN }).watts;
  return {
    q10: found.map((one, slot) => one?.[0] ?? profile?.low[slot] ?? 0),
    q50: found.map((one, slot) => one?.[1] ?? profile?.middle[slot] ?? 0),
    q90: found.map((one, slot) => one?.[2] ?? profile?.high[slot] ?? 0),
    meanW: mean.map((watts, slot) => (Number.isFinite(watts) ? watts : (profile?.middle[slot] ?? 0))),
    source: "history",
    ...noError,
    ...judged,
    days,
  };
}

const noError = { errorW: null, insideShare: null };

/** Whether a history is one that `quantileForecast` goes by. Pure. */
export function tells(history: readonly PastSlot[]): boolean {
  const { lengthMs, slots } = evenSlots(history);
  return tellsSomething(
    slots,
    slots.reduce((latest, { startMs }) => Math.max(latest, startMs), -Infinity),
    lengthMs,
  );
}

/** A day at least, and not one value all the time: a counter that stands still tells nothing of its house. */
function tellsSomething(even: readonly PastSlot[], newest: number, lengthMs: number): boolean {
  if (even.length * lengthMs < dayMs) return false;
  const last = even.filter(({ startMs }) => startMs > newest - 2 * dayMs).map(({ wh }) => wh);
  return Math.max(...last) - Math.min(...last) > flatWh;
}

/** W at a time: 10, 50 and 90 %; undefined at a time of day of which too little was seen. */
function spreadOf(
  all: readonly PastSlot[],
  { newest, lengthMs, zone }: { newest: number; lengthMs: number; zone: string },
): (atMs: number) => [number, number, number] | undefined {
  const timeOf = localClock(zone);
  const step = Math.max(1, Math.round(lengthMs / 60_000));
  const bins = Math.ceil(minutesOfDay / step);
  const reach = Math.max(0, Math.round(reachMinutes / step));
  const seen = [0, 1].map(() => Array.from({ length: bins }, (): number[] => []));
  for (const { startMs, wh } of all) {
    if (startMs <= newest - recentDays * dayMs) continue;
    const { minute, weekend } = timeOf(startMs);
    seen[weekend ? 1 : 0]?.[Math.min(bins - 1, Math.floor(minute / step))]?.push((wh * hourMs) / lengthMs);
  }
  const known = new Map<number, [number, number, number] | undefined>();
  return (atMs) => {
    const { minute, weekend } = timeOf(atMs);
    const bin = Math.min(bins - 1, Math.floor(minute / step));
    const key = weekend ? bins + bin : bin;
    if (known.has(key)) return known.get(key);
    const values: { watts: number; weight: number }[] = [];
    for (let away = -reach; away <= reach; away += 1)
      for (const kind of [0, 1]) {
        const weight = (reach + 1 - Math.abs(away)) * (kind === (weekend ? 1 : 0) ? sameKind : 1);
        for (const watts of seen[kind]?.[(bin + away + bins) % bins] ?? []) values.push({ watts, weight });
      }
    const made = values.length < fewest ? undefined : weightedQuantiles(values);
    known.set(key, made);
    return made;
  };
}

function weightedQuantiles(values: readonly { watts: number; weight: number }[]): [number, number, number] {
  const sorted = values.toSorted((one, other) => one.watts - other.watts);
  const all = sorted.reduce((sum, { weight }) => sum + weight, 0);
  const at = (share: number): number => {
    let sum = 0;
    for (const { watts, weight } of sorted) {
      sum += weight;
      if (sum >= share * all) return watts;
    }
    return sorted.at(-1)?.watts ?? 0;
  };
  return [at(0.1), at(0.5), at(0.9)];
}

/** How good the last day's forecast was. */
function judge(
  even: readonly PastSlot[],
  before: readonly PastSlot[],
  { newest, lengthMs, zone }: { newest: number; lengthMs: number; zone: string },
): { errorW: number; insideShare: number } | undefined {
  const spread = spreadOf(before, { newest: newest - dayMs, lengthMs, zone });
  let [count, off, inside] = [0, 0, 0];
  for (const { startMs, wh } of even) {
    const guess = startMs > newest - dayMs ? spread(startMs) : undefined;
    if (!guess) continue;
    const watts = (wh * hourMs) / lengthMs;
    count += 1;
    off += Math.abs(guess[1] - watts);
    if (guess[0] <= watts && watts <= guess[2]) inside += 1;
  }
  return count === 0 ? undefined : { errorW: off / count, insideShare: inside / count };
}
