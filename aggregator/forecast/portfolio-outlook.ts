import type { AggregatorStore } from "../store/aggregator-store.ts";
import { toldLoadW } from "../optimise/unplanned-load.ts";
import { type ForecastStore, portfolioForecast } from "./forecasts.ts";
import type { ForecastSlots } from "./home-forecast.ts";
import type { Quantiles } from "../../planner/quantile-forecast.ts";

/** What all homes together will take in one slot; below 0 they give. */
export interface OutlookSlot {
  startMs: number;
  forecastWh: number;
  /** By how much it may turn out to be more, rising; a hundred of equal weight, ten where nobody has panels. */
  errorsWh: number[];
  /** Whether some appliance is told what to do in it: further ahead nothing is planned yet. */
  isPlanned: boolean;
}

/** Weights of the three quantiles, in tenths (Swanson's rule): 30 % of all lie about as low as q10, 40 % in the middle. */
const tenths: readonly [keyof Quantiles, number][] = [
  ["q10", 3],
  ["q50", 4],
  ["q90", 3],
];

/**
 * What an aggregator may bid for: what homes are foretold to draw besides their planned appliances, less their panels, and what
 * their appliances were told. So plans that keep to feeders' limits and grid operators' orders are in it. Load and sun are taken to
 * be off independently of each other.
 */
export async function portfolioOutlook(
  store: ForecastStore & Pick<AggregatorStore, "plans">,
  sites: readonly string[],
  slots: ForecastSlots,
  nowMs: number,
): Promise<OutlookSlot[]> {
  const { load, pv } = await portfolioForecast(store, sites, slots, nowMs);
  const toldW = slots.map(() => 0);
  let toldUntilMs = -Infinity;
  for (const site of sites) {
    const lists = new Map(
      (await store.plans(site)).flatMap(({ list, status }) => (status === "REJECTED" ? [] : [[list.resource, list] as const])),
    );
    for (const resource of await store.resources(site)) {
      const list = lists.get(resource.resource);
      for (const { validUntil } of list?.instructions ?? []) toldUntilMs = Math.max(toldUntilMs, Date.parse(validUntil));
      for (const [slot, watts] of toldLoadW(resource, list, slots).entries()) toldW[slot] = (toldW[slot] ?? 0) + watts;
    }
  }
  return slots.map(({ startMs, endMs }, slot) => {
    const hours = (endMs - startMs) / 3_600_000;
    const suns = pv ? spread(pv, slot) : [0];
    const errors = spread(load, slot).flatMap((more) => suns.map((less) => (more - less) * hours));
    return {
      startMs,
      forecastWh: Math.round(((load.meanW[slot] ?? 0) - (pv?.meanW[slot] ?? 0) + (toldW[slot] ?? 0)) * hours),
      errorsWh: errors.map((wh) => Math.round(wh)).toSorted((one, other) => one - other),
      isPlanned: endMs <= toldUntilMs,
    };
  });
}

/** Ten deviations from the mean, W, of equal weight. */
function spread(found: Quantiles & { meanW: readonly number[] }, slot: number): number[] {
  return tenths.flatMap(([quantile, count]) =>
    Array.from({ length: count }, () => (found[quantile][slot] ?? 0) - (found.meanW[slot] ?? 0)),
  );
}
