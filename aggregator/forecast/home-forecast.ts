import type { PastSlot } from "../../planner/base-load.ts";
import { quantileForecast, type QuantileForecast } from "../../planner/quantile-forecast.ts";
import { standardLoad, standardPv } from "../../planner/standard-profile.ts";
import type { ApplianceForecast } from "./appliance-forecast.ts";
import type { HomePast } from "./home-past.ts";

/** Slots that something is foretold for. */
export type ForecastSlots = readonly { startMs: number; endMs: number }[];

/** What is foretold of a home, or of all together. */
export interface HomeForecast {
  load: QuantileForecast;
  /** Null where there are no panels. */
  pv: QuantileForecast | null;
  appliances: readonly ApplianceForecast[];
}

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

const wattsOf = ({ startMs, endMs, wh }: PastSlot): number => (wh * 3_600_000) / (endMs - startMs);

function meanOf(slots: readonly PastSlot[]): number | undefined {
  if (slots.length === 0) return undefined;
  return slots.reduce((sum, slot) => sum + wattsOf(slot), 0) / slots.length;
}
