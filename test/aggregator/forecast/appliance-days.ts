import type { MeasurementItem } from "../../../core/message/measurements.ts";
import type { Resource } from "../../../core/message/resource.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { charger } from "../plans.ts";
import { message, midnightMs, quarterMs, slotItem } from "../rows.ts";

export const dayMs = 86_400_000;

/** A car with a meter that may charge from three in the afternoon until seven, and wants so much. */
export const openCar = (energyWh: number): Resource => ({
  ...charger,
  meter: "car",
  demand: { kind: "energy", energyWh, notBefore: "15:00", readyBy: "07:00" },
});

/** Rows of a home in their order, a message at a time. */
export async function tell(store: AggregatorStore, site: string, items: readonly MeasurementItem[]): Promise<void> {
  for (let at = 0; at < items.length; at += 500)
    await store.ingest(site, message(items.slice(at, at + 500).map((item, index) => ({ ...item, seq: at + index + 1 }))));
}

/**
 * So many days before midnight of a car that comes at an hour and charges for three at 3.6 kW, at a charger that is free all the time,
 * in a house that draws 400 W besides.
 */
export async function carDays(
  store: AggregatorStore,
  site: string,
  days: number,
  comesAt: (day: number) => number,
): Promise<void> {
  const begin = midnightMs - days * dayMs - quarterMs;
  const free: MeasurementItem = {
    kind: "switch",
    seq: 1,
    resource: "charger",
    at: new Date(begin).toISOString(),
    on: true,
    reason: "free",
  };
  const slots = Array.from({ length: days * 96 }, (_, at) => {
    const [index, hour, comes] = [at - days * 96, (at % 96) / 4, comesAt(days - Math.floor(at / 96))];
    const carWh = hour >= comes && hour < comes + 3 ? 900 : 0;
    return [
      slotItem(1, index, 100 + carWh),
      slotItem(1, index, 0, { register: "export" }),
      slotItem(1, index, carWh, { meter: "car", role: "load" }),
    ];
  });
  await tell(store, site, [free, ...slots.flat()]);
}
