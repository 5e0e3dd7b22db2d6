import type { Resource } from "../../core/message/resource.ts";
import type { PastSlot } from "../../planner/base-load.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { describedAppliances, forecastOf, type ForecastSlots, type HomeForecast } from "./home-forecast.ts";
import { homePast, type HomePast } from "./home-past.ts";

type ForecastStore = Pick<AggregatorStore, "slots" | "pvSlots" | "acceptedPlans" | "meterSlots" | "resources">;

const dayMs = 24 * 3_600_000;
const historyDays = 14;
/** Of a slot of the portfolio so many of its homes must be known. */
const enoughShare = 0.5;

/** What one home will do. */
export async function homeForecast(
  store: ForecastStore,
  site: string,
  slots: ForecastSlots,
  nowMs: number,
): Promise<HomeForecast> {
  const resources = await store.resources(site);
  const past = await pastOf(store, site, resources, nowMs);
  return { ...forecastOf(past, slots, zoneOf(resources)), appliances: describedAppliances(resources, slots) };
}

/**
 * What all homes will do together: foretold from what they did together, for a sum is steadier than its parts. Slots that some
 * homes have not told yet are scaled up.
 */
export async function portfolioForecast(
  store: ForecastStore,
  sites: readonly string[],
  slots: ForecastSlots,
  nowMs: number,
): Promise<HomeForecast> {
  const [load, pv] = [sum(), sum()];
  const appliances = new Map<HomeForecast["appliances"][number]["kind"], number[]>();
  let zone = "UTC";
  let [homes, panels] = [0, 0];
  for (const site of sites) {
    const resources = await store.resources(site);
    const past = await pastOf(store, site, resources, nowMs);
    if (past.load.length > 0) homes += 1;
    if (past.pv.length > 0) panels += 1;
    past.load.forEach(load.add);
    past.pv.forEach(pv.add);
    if (resources.length > 0) zone = zoneOf(resources);
    for (const { kind, values } of describedAppliances(resources, slots)) {
      const before = appliances.get(kind);
      appliances.set(kind, before ? before.map((value, slot) => value + (values[slot] ?? 0)) : values);
    }
  }
  return {
    ...forecastOf({ load: load.of(homes), pv: pv.of(panels) }, slots, zone),
    appliances: [...appliances].map(([kind, values]) => ({ resource: "all", kind, values })),
  };
}

function pastOf(store: ForecastStore, site: string, resources: readonly Resource[], nowMs: number): Promise<HomePast> {
  return homePast(store, site, resources, { fromMs: nowMs - historyDays * dayMs, toMs: nowMs });
}

const zoneOf = (resources: readonly Resource[]): string => resources[0]?.timezone ?? "UTC";

/** Slots of many homes added up. */
function sum(): { add: (slot: PastSlot) => void; of: (homes: number) => PastSlot[] } {
  const slots = new Map<string, PastSlot & { homes: number }>();
  return {
    add({ startMs, endMs, wh }) {
      const key = `${startMs} ${endMs}`;
      const found = slots.get(key) ?? { startMs, endMs, wh: 0, homes: 0 };
      slots.set(key, { ...found, wh: found.wh + wh, homes: found.homes + 1 });
    },
    of: (homes) =>
      [...slots.values()]
        .filter((slot) => slot.homes >= enoughShare * homes)
        .map(({ startMs, endMs, wh, homes: told }) => ({ startMs, endMs, wh: (wh * homes) / told })),
  };
}
