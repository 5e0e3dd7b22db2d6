import { iso } from "../../core/clock/clock.ts";
import { type PriceSeries, priceAt } from "../../core/message/price-series.ts";
import type { TradedSlot } from "../../core/message/traded.ts";
import type { ExchangeStore } from "../store/exchange-store.ts";

const tradedMs = 15 * 60_000;
/** Nothing is traded further ahead, and no more is told. */
const mostSlots = 200;

/** What the house has traded, by delivery slots that are not over, with what the exchange takes and gives for what is not done. */
export function tradedSlots(store: Pick<ExchangeStore, "positions" | "pricesAt">, nowMs: number): TradedSlot[] {
  const fromMs = Math.floor(nowMs / tradedMs) * tradedMs;
  let series: PriceSeries | null = null;
  return [...store.positions(fromMs)]
    .toSorted(([one], [other]) => one - other)
    .slice(0, mostSlots)
    .map(([startMs, { soldWh, boughtWh }]) => {
      // The series of the slot before reaches further, most of the time.
      if (!series || priceAt(series, "import", startMs) === undefined) series = store.pricesAt(startMs);
      const price = (register: "import" | "export"): string | null => {
        const micro = series ? priceAt(series, register, startMs) : undefined;
        return micro === undefined ? null : String(micro);
      };
      return {
        start: iso(startMs),
        end: iso(startMs + tradedMs),
        boughtWh,
        soldWh,
        undrawnPerKwh: price("export"),
        unfedPerKwh: price("import"),
      };
    });
}
