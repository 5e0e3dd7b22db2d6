import type { Resource } from "../../core/message/resource.ts";
import { implausible } from "./plausible-storage.ts";

/** Three phases of 160 A: no home has more, W. */
const mostConnectionW = 110_000;
/** The largest battery of a truck-like car twice over; nobody wants more within a day, Wh. */
const mostEnergyWh = 300_000;

/** What a home can draw, or feed back where it is below 0, W. Its own meter may say anything. */
export function plausibleW(watts: number): number {
  return Number.isNaN(watts) ? 0 : Math.max(-mostConnectionW, Math.min(mostConnectionW, watts));
}

/**
 * A resource as it may be at most: what a home says of itself is its own affair, but what cannot be true must not spoil the
 * plans of its neighbours. What is wrong with a storage leaves it without one. The same object where all of it can be true.
 */
export function plausibleResource<Described extends Resource>(resource: Described): Described {
  if (implausible(resource) !== undefined) {
    const { storage: _, curtailment: __, ...rest } = resource;
    return withinConnection(rest as Described);
  }
  return withinConnection(resource);
}

function withinConnection<Described extends Resource>(resource: Described): Described {
  const maxImportW = Math.min(resource.maxImportW, mostConnectionW);
  const { demand } = resource;
  const within = (powerW: number): number => Math.max(-maxImportW, Math.min(maxImportW, powerW));
  const isTrue =
    maxImportW === resource.maxImportW &&
    resource.operationModes.every(
      ({ powerW, minPowerW = powerW }) => within(powerW) === powerW && within(minPowerW) === minPowerW,
    ) &&
    (demand?.kind !== "energy" || demand.energyWh <= mostEnergyWh);
  if (isTrue) return resource;
  return {
    ...resource,
    maxImportW,
    operationModes: resource.operationModes.map(({ powerW, minPowerW, fillRate, minFillRate, ...mode }) => ({
      ...mode,
      powerW: within(powerW),
      // It fills as much slower.
      ...(fillRate !== undefined && { fillRate: powerW === 0 ? fillRate : (fillRate * within(powerW)) / powerW }),
      ...(minFillRate !== undefined && {
        minFillRate: minPowerW ? (minFillRate * within(minPowerW)) / minPowerW : minFillRate,
      }),
      ...(minPowerW !== undefined && { minPowerW: Math.min(within(powerW), within(minPowerW)) }),
    })),
    ...(demand?.kind === "energy" && { demand: { ...demand, energyWh: Math.min(demand.energyWh, mostEnergyWh) } }),
  };
}
