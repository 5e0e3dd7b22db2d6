import { startOfLocalDay } from "../core/slots.ts";
import type { PastSlot } from "../planner/base-load.ts";
import type { ApplianceConfig } from "./config/appliance-config.ts";
import type { GivenWh } from "./given-energy.ts";
import type { MeterStore } from "./store/meter-store.ts";

const historyDays = 14;
const dayMs = 24 * 3_600_000;

/**
 * What the house drew in each slot of the last two weeks without its controlled appliances. One day is read at each call until
 * all are there: reading all of them at once would hold up what controls.
 */
export function baseHistory(options: {
  meters: Pick<MeterStore, "slots">;
  gridMeter: string;
  appliances: readonly ApplianceConfig[];
  givenWh: GivenWh;
  zone: string;
}): (nowMs: number) => readonly PastSlot[] {
  const { meters, gridMeter, appliances, givenWh, zone } = options;
  const days = new Map<number, readonly PastSlot[]>();
  return (nowMs) => {
    const today = startOfLocalDay(nowMs, zone);
    const wanted = Array.from({ length: historyDays }, (_, back) => startOfLocalDay(today - back * dayMs - dayMs / 2, zone));
    for (const day of days.keys()) if (!wanted.includes(day)) days.delete(day);
    const missing = wanted.find((day) => !days.has(day));
    if (missing !== undefined) days.set(missing, dayOf(missing));
    return [...days.values()].flat();
  };

  function dayOf(fromMs: number): PastSlot[] {
    const toMs = startOfLocalDay(fromMs + 1.5 * dayMs, zone);
    return meters.slots(gridMeter, "import", fromMs, toMs).map(({ startMs, endMs, wh }) => {
      const given = appliances.reduce((sum, appliance) => sum + givenWh(appliance, startMs, endMs), 0);
      // PV may have fed part of what appliances took: less than nothing the house does not draw.
      return { startMs, wh: Math.max(0, wh - given) };
    });
  }
}
