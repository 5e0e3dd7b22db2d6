import { priceAt, type PriceSeries } from "../core/message/price-series.ts";
import { slotsBetween } from "../core/slots.ts";
import type { PricedSlot } from "./greedy-plan.ts";

/** Announced prices, in order; the first series that covers an instant binds. */
export interface PriceBook {
  series: readonly PriceSeries[];
  /** The series that binds at an instant. */
  at(instantMs: number): PriceSeries | undefined;
  /** Priced slots from the one that holds `fromMs` until prices end, at most until `toMs`. */
  slots(fromMs: number, toMs: number, minutes: number): PricedSlot[];
}

/** Prices by slot. @param series in order of announcement */
export function priceBook(series: readonly PriceSeries[]): PriceBook {
  const at = (instantMs: number): PriceSeries | undefined =>
    series.find((one) => priceAt(one, "import", instantMs) !== undefined);
  return {
    series,
    at,
    slots(fromMs, toMs, minutes) {
      const priced: PricedSlot[] = [];
      for (const slot of slotsBetween(fromMs, toMs, minutes)) {
        const found = at(slot.startMs);
        const microPerKwh = found && priceAt(found, "import", slot.startMs);
        if (microPerKwh === undefined) break;
        priced.push({ ...slot, microPerKwh });
      }
      return priced;
    },
  };
}
