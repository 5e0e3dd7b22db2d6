import type { Resource } from "../../core/message/resource.ts";
import type { PastSlot } from "../../planner/base-load.ts";
import { demandWindows } from "../../planner/demand-window.ts";
import type { SeenSlot } from "../../planner/presence-forecast.ts";
import { isCar, isHeater, isStore } from "../optimise/resource-modes.ts";
import { heatPerWh } from "../optimise/store-problem.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { drawsSeen } from "./draws-seen.ts";
import { presenceSeen } from "./presence-seen.ts";

/** What an appliance did, as far as it has a meter of its own; empty where nobody knows. */
export interface AppliancePast {
  /** Of a car. */
  presence: readonly SeenSlot[];
  /** What a heater drew. */
  energy: readonly PastSlot[];
  /** Heat that people took from a tank. */
  draws: readonly PastSlot[];
}

export type AppliancePastStore = Pick<AggregatorStore, "meterSlots" | "switchings" | "fills">;

const dayMs = 24 * 3_600_000;
const habitDays = 28;
const unknown: AppliancePast = { presence: [], energy: [], draws: [] };

/** Reads the last weeks of one appliance. */
export async function appliancePast(
  store: AppliancePastStore,
  site: string,
  resource: Resource,
  toMs: number,
): Promise<AppliancePast> {
  const { meter, demand, timezone, resource: name } = resource;
  if (meter === undefined || !(isCar(resource) || isHeater(resource))) return unknown;
  const fromMs = toMs - habitDays * dayMs;
  const slots = await store.meterSlots(site, meter, fromMs, toMs);
  if (isCar(resource) && demand?.kind === "energy") {
    const windows = demandWindows(demand, timezone, fromMs, toMs + dayMs);
    return { ...unknown, presence: presenceSeen(slots, await store.switchings(site, name, fromMs, toMs), windows) };
  }
  if (!isStore(resource) || resource.storage.kind !== "tank") return { ...unknown, energy: slots };
  const { whPerK, leakage } = resource.storage;
  const tank = { whPerK, lossWPerK: leakage.wPerK, ambientC: leakage.ambientC, heatPerWh: heatPerWh(resource) };
  return { ...unknown, energy: slots, draws: drawsSeen(slots, await store.fills(site, name, fromMs, toMs), tank) };
}
