import type { Slot } from "../../core/slots.ts";
import type { HouseOutlook } from "./house-outlook.ts";
import { batteryPerMille, type Position } from "./wishes.ts";

/**
 * The outlook from a later slot on: what is sold for the slots before it, and is not surplus of theirs, still has to come out of the
 * battery, and must not be sold again. All of a slot counts until it is over, so the fill is rather too low. Pure.
 * @param before slots that are not over and that the outlook begins with
 */
export function outlookAfter(
  { netWh, battery }: HouseOutlook,
  before: readonly Slot[],
  positions: ReadonlyMap<number, Position>,
): HouseOutlook {
  const rest = netWh.slice(before.length);
  if (!battery) return { netWh: rest, battery };
  const drainedWh = before.reduce((sum, { startMs }, at) => {
    const { soldWh = 0, boughtWh = 0 } = positions.get(startMs) ?? {};
    const missingWh = soldWh === 0 ? 0 : Math.max(0, soldWh - boughtWh - (netWh[at] ?? 0));
    return sum + Math.ceil((Math.min(missingWh, battery.dischargeMaxWh) * 1000) / batteryPerMille);
  }, 0);
  return { netWh: rest, battery: { ...battery, fillWh: Math.max(battery.minWh, battery.fillWh - drainedWh) } };
}
