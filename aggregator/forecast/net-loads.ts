import type { Resource } from "../../core/message/resource.ts";
import { slotsBetween } from "../../core/slots.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { forecastOf, type ForecastSlots } from "./home-forecast.ts";
import { meanOf } from "./appliance-sums.ts";
import { homePast } from "./home-past.ts";

/** What homes draw besides their planned appliances, W by slot. */
export interface NetLoads {
  /**
   * The mean of what is foretold, net (less than nothing where they feed back), and what of it panels give; null where the home's
   * history is too short to say.
   */
  meanW(
    site: string,
    resources: readonly Resource[],
    slots: ForecastSlots,
    nowMs: number,
  ): Promise<{ netW: number[]; pvW: number[] } | null>;
  /** How far forecasts were off on their last known day, W, on the mean of all homes that were read; null where none can tell. */
  errors(): { loadW: number | null; pvW: number | null };
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const historyDays = 14;
/** With fewer days a habit says less than the day before. */
const fewestDays = 3;
/** Habits do not change within hours: a forecast is good for so long. */
const freshMs = 6 * hourMs;
const reachMs = 48 * hourMs;
const slotMinutes = 15;
const slotMs = slotMinutes * 60_000;

interface Kept {
  madeMs: number;
  startMs: number;
  watts: { net: Float32Array; pv: Float32Array } | null;
  errors: ReturnType<NetLoads["errors"]>;
}

/** Forecasts are kept for some hours; what is kept of a home is a few hundred figures. */
export function netLoads(store: Pick<AggregatorStore, "slots" | "pvSlots" | "acceptedPlans" | "meterSlots">): NetLoads {
  const kept = new Map<string, Kept>();
  return {
    async meanW(site, resources, slots, nowMs) {
      let known = kept.get(site);
      if (!known || nowMs - known.madeMs > freshMs || nowMs < known.madeMs) {
        const ahead = slotsBetween(nowMs, nowMs + reachMs, slotMinutes);
        const past = await homePast(store, site, resources, { fromMs: nowMs - historyDays * dayMs, toMs: nowMs });
        const { load, pv } = forecastOf(past, ahead, resources[0]?.timezone ?? "UTC");
        const isKnown = load.source === "history" && load.days >= fewestDays;
        const watts = isKnown
          ? {
              net: Float32Array.from(load.meanW, (drawn, slot) => drawn - (pv?.meanW[slot] ?? 0)),
              pv: Float32Array.from(load.meanW, (_, slot) => pv?.meanW[slot] ?? 0),
            }
          : null;
        const errors = { loadW: load.errorW, pvW: pv?.errorW ?? null };
        known = { madeMs: nowMs, startMs: ahead[0]?.startMs ?? nowMs, watts, errors };
        kept.set(site, known);
      }
      const { watts, startMs } = known;
      const inSlots = (series: Float32Array): number[] =>
        slots.map((slot) => series[Math.round((slot.startMs - startMs) / slotMs)] ?? series.at(-1) ?? 0);
      return watts && { netW: inSlots(watts.net), pvW: inSlots(watts.pv) };
    },
    errors() {
      const all = [...kept.values()].map(({ errors }) => errors);
      return { loadW: meanOf(all.map(({ loadW }) => loadW)), pvW: meanOf(all.map(({ pvW }) => pvW)) };
    },
  };
}
