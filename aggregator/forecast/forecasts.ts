import type { Resource } from "../../core/message/resource.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { type ApplianceForecast, applianceForecasts } from "./appliance-forecast.ts";
import { appliancePast, type AppliancePastStore } from "./appliance-past.ts";
import { applianceSums } from "./appliance-sums.ts";
import { forecastOf, type ForecastSlots, type HomeForecast } from "./home-forecast.ts";
import { homePast, type HomePast } from "./home-past.ts";
import { slotSum } from "./slot-sum.ts";
import type { QuantileForecast } from "../../planner/quantile-forecast.ts";
import { standardLoad } from "../../planner/standard-profile.ts";

/** What forecasts are read from. */
export type ForecastStore = Pick<AggregatorStore, "slots" | "pvSlots" | "acceptedPlans" | "resources"> & AppliancePastStore;

const dayMs = 24 * 3_600_000;
const historyDays = 14;

/** What one home will do. */
export async function homeForecast(
  store: ForecastStore,
  site: string,
  slots: ForecastSlots,
  nowMs: number,
): Promise<HomeForecast> {
  const resources = await store.resources(site);
  const past = await pastOf(store, site, resources, nowMs);
  const appliances: ApplianceForecast[] = [];
  for (const resource of resources)
    appliances.push(...applianceForecasts(resource, await appliancePast(store, site, resource, nowMs), slots));
  return { ...forecastOf(past, slots, zoneOf(resources)), appliances };
}

/**
 * What all homes will do together: foretold from what they did together, for a sum is steadier than its parts. Slots that some
 * homes have not told yet are scaled up. A home that has described its appliances and told no reading yet counts as a plain one.
 */
export async function portfolioForecast(
  store: ForecastStore,
  sites: readonly string[],
  slots: ForecastSlots,
  nowMs: number,
): Promise<HomeForecast> {
  const [load, pv, appliances] = [slotSum(), slotSum(), applianceSums(slots)];
  let zone = "UTC";
  let [homes, panels, unread] = [0, 0, 0];
  for (const site of sites) {
    const resources = await store.resources(site);
    const past = await pastOf(store, site, resources, nowMs);
    if (past.load.length > 0) homes += 1;
    else if (resources.length > 0) unread += 1;
    if (past.pv.length > 0) panels += 1;
    past.load.forEach(load.add);
    past.pv.forEach(pv.add);
    if (resources.length > 0) zone = zoneOf(resources);
    for (const resource of resources) appliances.add(resource, await appliancePast(store, site, resource, nowMs));
  }
  const known = forecastOf({ load: load.of(homes), pv: pv.of(panels) }, slots, zone);
  return {
    ...known,
    // Where nobody has told anything yet, the forecast itself is that of one plain home.
    load: withPlainHomes(known.load, homes === 0 ? unread - 1 : unread, standardLoad(slots, { zone })),
    appliances: await appliances.forecasts(zone),
  };
}

/** A load with that of so many plain homes, which are off independently of each other. */
function withPlainHomes(
  load: QuantileForecast,
  count: number,
  { low, middle, high }: ReturnType<typeof standardLoad>,
): QuantileForecast {
  if (count <= 0) return load;
  const more = (quantile: readonly number[], spread: readonly number[]): number[] =>
    quantile.map((watts, slot) => {
      const mean = middle[slot] ?? 0;
      return watts + count * mean + Math.sqrt(count) * ((spread[slot] ?? 0) - mean);
    });
  return {
    ...load,
    q10: more(load.q10, low),
    q50: more(load.q50, middle),
    q90: more(load.q90, high),
    meanW: more(load.meanW, middle),
  };
}

function pastOf(store: ForecastStore, site: string, resources: readonly Resource[], nowMs: number): Promise<HomePast> {
  return homePast(store, site, resources, { fromMs: nowMs - historyDays * dayMs, toMs: nowMs });
}

const zoneOf = (resources: readonly Resource[]): string => resources[0]?.timezone ?? "UTC";
