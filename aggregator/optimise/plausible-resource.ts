import type { Resource } from "../../core/message/resource.ts";

/** Three phases of 160 A: no home has more, W. */
const mostConnectionW = 110_000;
/** The largest battery of a truck-like car twice over; nobody wants more within a day, Wh. */
const mostEnergyWh = 300_000;

/**
 * A resource as it may be at most: what a home says of itself is its own affair, but what cannot be true must not spoil the
 * plans of its neighbours. The same object where all of it can be true.
 */
export function plausibleResource<Described extends Resource>(resource: Described): Described {
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
    operationModes: resource.operationModes.map(({ id, powerW, minPowerW }) => ({
      id,
      powerW: within(powerW),
      ...(minPowerW !== undefined && { minPowerW: Math.min(within(powerW), within(minPowerW)) }),
    })),
    ...(demand?.kind === "energy" && { demand: { ...demand, energyWh: Math.min(demand.energyWh, mostEnergyWh) } }),
  };
}
