import type { Resource } from "../../core/message/resource.ts";
import type { PastSlot } from "../../planner/base-load.ts";
import { countQuantiles } from "../../planner/count-quantiles.ts";
import { presenceForecast, type SeenSlot } from "../../planner/presence-forecast.ts";
import { quantileForecast, type QuantileForecast } from "../../planner/quantile-forecast.ts";
import { isCar, isHeater } from "../optimise/resource-modes.ts";
import type { AppliancePast } from "./appliance-past.ts";
import { describedDrawW, describedPresence, describedW } from "./described-appliance.ts";
import type { ForecastSlots } from "./home-forecast.ts";

/** How many cars are there to be charged: of one the share of such days on which it is, of several how many are expected. */
export interface PresenceOutlook {
  meanCount: number[];
  /** Least numbers that are not exceeded on 10, 50 and 90 of a hundred such days. */
  q10: number[];
  q50: number[];
  q90: number[];
  /** "profile": what homes say of their cars, where too little was seen or always the same. */
  source: "history" | "profile";
  days: number;
  /** See `PresenceForecast`; of several the mean. */
  errorShare: number | null;
  brier: number | null;
}

/** energy: W that a heater takes; draw: W of heat that people take from a tank. */
export type ApplianceForecast = { resource: string } & (
  | ({ kind: "presence" } & PresenceOutlook)
  | ({ kind: "energy" } & QuantileForecast)
  | ({ kind: "draw" } & QuantileForecast)
);

const dayMs = 24 * 3_600_000;
/** With fewer days a habit says less than what the home says of its car. */
const fewestDays = 3;

/** What one appliance will do, by what it did, else by what its home says of it. Pure. */
export function applianceForecasts(resource: Resource, past: AppliancePast, slots: ForecastSlots): ApplianceForecast[] {
  const { resource: name, timezone } = resource;
  if (isCar(resource)) {
    const { share, ...known } = carForecast(resource, past.presence, slots);
    const counts = share.map((one) => countQuantiles([one]));
    return [{ resource: name, kind: "presence", meanCount: share, ...quantilesOf(counts), ...known }];
  }
  if (!isHeater(resource)) return [];
  const energy = powerForecast(past.energy, slots, timezone, describedW(resource, slots));
  const draw = powerForecast(past.draws, slots, timezone, describedDrawW(resource, slots));
  return [
    ...(energy ? [{ resource: name, kind: "energy" as const, ...energy }] : []),
    ...(draw ? [{ resource: name, kind: "draw" as const, ...draw }] : []),
  ];
}

/** When a car is there, by what was seen of it where that is enough and not always the same. Pure. */
export function carForecast(
  resource: Resource,
  seen: readonly SeenSlot[],
  slots: ForecastSlots,
): { share: number[] } & Pick<PresenceOutlook, "source" | "days" | "errorShare" | "brier"> {
  const newest = seen.reduce((latest, { startMs }) => Math.max(latest, startMs), -Infinity);
  // From the day on that a forecast is judged by.
  const lastDay = Number.isFinite(newest) ? [{ startMs: newest - dayMs, endMs: newest }] : [];
  const isDescribed = describedPresence(resource, [...lastDay, ...slots]);
  const found = presenceForecast(seen, slots, { zone: resource.timezone, otherwise: (atMs) => isDescribed(atMs, atMs + 1) });
  const changes = seen.some(({ there }) => there) && seen.some(({ there }) => !there);
  // Whole days back: two nights touch three dates.
  const days = new Set(seen.map(({ startMs }) => Math.floor((newest - startMs) / dayMs))).size;
  if (days >= fewestDays && changes) return { ...found, source: "history" };
  const described = slots.map(({ startMs, endMs }) => isDescribed(startMs, endMs));
  return { share: described, source: "profile", days: found.days, errorShare: null, brier: null };
}

/** A power by its history, else as described; undefined where there is neither. From a description no spread is known. */
export function powerForecast(
  history: readonly PastSlot[],
  slots: ForecastSlots,
  zone: string,
  describedAsW: readonly number[] | undefined,
): QuantileForecast | undefined {
  const otherwise = [...(describedAsW ?? slots.map(() => 0))];
  const found = quantileForecast(history, slots, {
    zone,
    otherwise: () => ({ low: otherwise, middle: otherwise, high: otherwise }),
  });
  return found.source === "history" || describedAsW ? found : undefined;
}

/** Of each slot one. */
export function quantilesOf(
  counts: readonly { q10: number; q50: number; q90: number }[],
): Pick<PresenceOutlook, "q10" | "q50" | "q90"> {
  return { q10: counts.map(({ q10 }) => q10), q50: counts.map(({ q50 }) => q50), q90: counts.map(({ q90 }) => q90) };
}
