import { Temporal } from "temporal-polyfill";
import { iso } from "../../core/clock/clock.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import { houseZone } from "../../simulator/house/local-day.ts";

const stepS = 3600;

/** Wholesale price by local hour of an invented winter weekday, thousands of micro-EUR per kWh: cheap nights, dear mornings and evenings. */
const wholesale = [
  62, 58, 55, 54, 56, 66, 92, 128, 141, 122, 103, 94, 88, 86, 93, 112, 148, 187, 204, 181, 142, 112, 91, 74,
] as const;

/** Taxes, supplier and grid fees, micro-EUR per kWh. */
const addMicro = 112_700n;
/** Kept by the aggregator of what exported energy earns, micro-EUR per kWh. */
const keptMicro = 12_000n;

/** Invented prices for the demo: hourly steps for two days from an instant on a full hour, moved a little by the seed. */
export function demoPrices(startMs: number, seed: number): PriceSeries {
  const steps = Array.from({ length: 48 }, (_, index) => {
    const hour = Temporal.Instant.fromEpochMilliseconds(startMs + index * stepS * 1000).toZonedDateTimeISO(houseZone).hour;
    const wiggle = ((seed * 31 + index * 17) % 13) - 6;
    return BigInt(((wholesale[hour] ?? 0) + wiggle) * 1000);
  });
  return {
    v: 1,
    currency: "EUR",
    start: iso(startMs),
    stepS,
    importPerKwh: steps.map((micro) => String(micro + addMicro)),
    exportPerKwh: steps.map((micro) => String(micro - keptMicro)),
  };
}
