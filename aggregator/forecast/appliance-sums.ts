import { setImmediate } from "node:timers/promises";
import type { Resource } from "../../core/message/resource.ts";
import type { PastSlot } from "../../planner/base-load.ts";
import { countQuantiles } from "../../planner/count-quantiles.ts";
import { type QuantileForecast, tells } from "../../planner/quantile-forecast.ts";
import { isCar, isHeater } from "../optimise/resource-modes.ts";
import { type ApplianceForecast, carForecast, powerForecast, quantilesOf } from "./appliance-forecast.ts";
import type { AppliancePast } from "./appliance-past.ts";
import { describedDrawW, describedW } from "./described-appliance.ts";
import type { ForecastSlots } from "./home-forecast.ts";
import { slotSum } from "./slot-sum.ts";

/** What the appliances of many homes will do together. */
export interface ApplianceSums {
  add(resource: Resource, past: AppliancePast): void;
  /** One of each kind that there is, named "all". */
  forecasts(zone: string): Promise<ApplianceForecast[]>;
}

/** Cars each by its own habit; heaters and tanks by what all of them did together. */
export function applianceSums(slots: ForecastSlots): ApplianceSums {
  const cars: (Omit<ReturnType<typeof carForecast>, "share"> & { share: Float32Array })[] = [];
  const [energy, draw] = [powerSum(slots), powerSum(slots)];
  return {
    add(resource, past) {
      if (isCar(resource)) {
        const found = carForecast(resource, past.presence, slots);
        cars.push({ ...found, share: Float32Array.from(found.share) });
      } else if (isHeater(resource)) {
        energy.add(past.energy, describedW(resource, slots));
        draw.add(past.draws, describedDrawW(resource, slots));
      }
    },
    async forecasts(zone) {
      const [energies, draws] = [energy.forecast(zone), draw.forecast(zone)];
      return [
        ...(cars.length > 0 ? [{ resource: "all", kind: "presence" as const, ...(await together(cars, slots)) }] : []),
        ...(energies ? [{ resource: "all", kind: "energy" as const, ...energies }] : []),
        ...(draws ? [{ resource: "all", kind: "draw" as const, ...draws }] : []),
      ];
    },
  };
}

async function together(
  cars: readonly (Omit<ReturnType<typeof carForecast>, "share"> & { share: Float32Array })[],
  slots: ForecastSlots,
) {
  const counts: ReturnType<typeof countQuantiles>[] = [];
  const meanCount: number[] = [];
  for (const slot of slots.keys()) {
    const shares = cars.map(({ share }) => share[slot] ?? 0);
    meanCount.push(shares.reduce((sum, share) => sum + share, 0));
    counts.push(countQuantiles(shares));
    // Thousands of cars must not keep the rest of the process waiting.
    await setImmediate();
  }
  return {
    meanCount,
    ...quantilesOf(counts),
    source: cars.some(({ source }) => source === "history") ? ("history" as const) : ("profile" as const),
    days: Math.max(...cars.map(({ days }) => days)),
    errorShare: meanOf(cars.map(({ errorShare }) => errorShare)),
    brier: meanOf(cars.map(({ brier }) => brier)),
  };
}

/** Mean of what is known; null where nothing is. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** What several took together, and what is said of those of which nothing is known. */
function powerSum(slots: ForecastSlots) {
  const sum = slotSum();
  const saidW = slots.map(() => 0);
  let [metered, described] = [0, 0];
  return {
    add(history: readonly PastSlot[], toldW: readonly number[] | undefined): void {
      if (tells(history)) {
        metered += 1;
        history.forEach(sum.add);
      } else if (toldW) {
        described += 1;
        for (const [slot, watts] of toldW.entries()) saidW[slot] = (saidW[slot] ?? 0) + watts;
      }
    },
    forecast(zone: string): QuantileForecast | undefined {
      const found = powerForecast(sum.of(metered), slots, zone, described > 0 ? saidW : undefined);
      if (!found || found.source === "profile") return found;
      const more = (watts: readonly number[]): number[] => watts.map((value, slot) => value + (saidW[slot] ?? 0));
      return { ...found, q10: more(found.q10), q50: more(found.q50), q90: more(found.q90), meanW: more(found.meanW) };
    },
  };
}
