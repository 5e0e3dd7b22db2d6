import { localClock } from "./local-clock.ts";

/**
 * A plain synthetic household, made for this project and of no measured origin: little at night, a breakfast, a quiet noon and
 * an evening that draws most; mean 1. One factor for each hour of a local day.
 */
const loadShape = [
  0.55, 0.5, 0.48, 0.47, 0.48, 0.55, 0.8, 1.05, 1.05, 0.95, 0.95, 1.05, 1.15, 1.05, 0.95, 0.95, 1.1, 1.45, 1.75, 1.75, 1.55, 1.3,
  0.98, 0.7,
] as const;
/** Of a home of which nothing is known: 3500 kWh a year. */
const usualMeanW = 400;
/** How far a single home's quarter of an hour lies from it: the tenth and the ninetieth of a hundred. */
const [lowShare, highShare] = [0.35, 2.1];

const minuteMs = 60_000;
const dayMs = 86_400_000;
const dayMinutes = 1440;
/** The sun by UTC: up for so long around noon, the same all year. */
const sunMinutes = 12 * 60;

/** W of a load at each instant, low, middle and high. @param meanW its mean; undefined where nobody knows */
export function standardLoad(
  slots: readonly { startMs: number; endMs: number }[],
  { zone, meanW = usualMeanW }: { zone: string; meanW?: number | undefined },
): { low: number[]; middle: number[]; high: number[] } {
  const timeOf = localClock(zone);
  const mean = loadShape.reduce((sum, factor) => sum + factor, 0) / loadShape.length;
  const middle = slots.map(({ startMs, endMs }) => {
    const at = (timeOf((startMs + endMs) / 2).minute / 60 + 24 - 0.5) % 24;
    const [hour, share] = [Math.floor(at), at - Math.floor(at)];
    const factor = (loadShape[hour] ?? 1) * (1 - share) + (loadShape[(hour + 1) % 24] ?? 1) * share;
    return (meanW * factor) / mean;
  });
  return { low: middle.map((watts) => watts * lowShare), middle, high: middle.map((watts) => watts * highShare) };
}

/**
 * W of panels at each instant: a plain bell from six to six UTC, synthetic too. Low is an overcast day, high a clear one.
 * @param topW what they gave at most
 */
export function standardPv(
  slots: readonly { startMs: number; endMs: number }[],
  topW: number,
): { low: number[]; middle: number[]; high: number[] } {
  const high = slots.map(({ startMs, endMs }) => {
    const middleMs = (startMs + endMs) / 2;
    const minute = (((middleMs % dayMs) + dayMs) % dayMs) / minuteMs;
    const away = Math.abs(minute - dayMinutes / 2);
    return away >= sunMinutes / 2 ? 0 : topW * Math.cos((away / sunMinutes) * Math.PI);
  });
  return { low: high.map((watts) => watts * 0.1), middle: high.map((watts) => watts * 0.5), high };
}
