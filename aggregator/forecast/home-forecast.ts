import type { Resource } from "../../core/message/resource.ts";
import { demandWindows } from "../../planner/demand-window.ts";
import type { PastSlot } from "../../planner/base-load.ts";
import { quantileForecast, type QuantileForecast } from "../../planner/quantile-forecast.ts";
import { standardLoad, standardPv } from "../../planner/standard-profile.ts";
import { onMode } from "../optimise/resource-modes.ts";
import type { HomePast } from "./home-past.ts";

/** Slots that something is foretold for. */
export type ForecastSlots = readonly { startMs: number; endMs: number }[];

/** How good a house's own description is beside its history, and what is foretold of an appliance. */
export interface ApplianceForecast {
  resource: string;
  /** presence: share of such days on which a car is there; energy: W that an appliance takes on the mean of a slot. */
  kind: "presence" | "energy";
  values: number[];
}

/** What is foretold of a home, or of all together. */
export interface HomeForecast {
  load: QuantileForecast;
  /** Null where there are no panels. */
  pv: QuantileForecast | null;
  appliances: ApplianceForecast[];
}

const dayMs = 24 * 3_600_000;

/** What is foretold from a past. @param zone of the house's clocks */
export function forecastOf(past: HomePast, slots: ForecastSlots, zone: string): Pick<HomeForecast, "load" | "pv"> {
  const topW = past.pv.reduce((most, slot) => Math.max(most, wattsOf(slot)), 0);
  return {
    load: quantileForecast(past.load, slots, {
      zone,
      otherwise: (asked) => standardLoad(asked, { zone, meanW: meanOf(past.load) }),
    }),
    // The sun keeps UTC.
    pv:
      past.pv.length === 0
        ? null
        : quantileForecast(past.pv, slots, { zone: "UTC", otherwise: (asked) => standardPv(asked, topW) }),
  };
}

/**
 * What appliances say of themselves: a car is there in the windows of its demand, a water heater takes its energy of each day
 * evenly in them.
 */
export function describedAppliances(resources: readonly Resource[], slots: ForecastSlots): ApplianceForecast[] {
  const [first, last] = [slots[0], slots.at(-1)];
  if (!first || !last) return [];
  return resources.flatMap((resource): ApplianceForecast[] => {
    const { demand, timezone } = resource;
    if (demand?.kind !== "energy") return [];
    const windows = demandWindows(demand, timezone, first.startMs, last.endMs + dayMs);
    const isIn = ({ startMs, endMs }: ForecastSlots[number]): (typeof windows)[number] | undefined =>
      windows.find(({ fromMs, readyMs }) => startMs < readyMs && endMs > fromMs);
    const on = onMode(resource);
    // What can be set in between charges something that comes and goes.
    const isCar = (on.minPowerW ?? on.powerW) < on.powerW;
    return [
      {
        resource: resource.resource,
        kind: isCar ? "presence" : "energy",
        values: slots.map((slot) => {
          const window = isIn(slot);
          if (!window) return 0;
          return isCar ? 1 : demand.energyWh / ((window.readyMs - window.fromMs) / 3_600_000);
        }),
      },
    ];
  });
}

const wattsOf = ({ startMs, endMs, wh }: PastSlot): number => (wh * 3_600_000) / (endMs - startMs);

function meanOf(slots: readonly PastSlot[]): number | undefined {
  if (slots.length === 0) return undefined;
  return slots.reduce((sum, slot) => sum + wattsOf(slot), 0) / slots.length;
}
