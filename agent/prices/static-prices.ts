import { quarterMs, type PriceProvider, type PriceStep } from "./market-prices.ts";
import { localMoments, timedPrice, type TimedPrice } from "./time-of-use.ts";

/**
 * Prices of a contract: one, or some by local hours, weekdays and months. Hours without a price are gaps.
 * @param options.includesTaxes the prices are those of the bill: then a tariff adds only the grid fee
 */
export function staticPrices(options: {
  prices: readonly TimedPrice[];
  includesTaxes: boolean;
  currency: string;
  zone: string;
}): PriceProvider {
  const { prices, includesTaxes, currency, zone } = options;
  return {
    name: "static",
    publishes: { everyMs: 6 * 3_600_000 },
    async fetch(fromMs, toMs) {
      const steps: PriceStep[] = [];
      let gaps = 0;
      const momentOf = localMoments(zone);
      for (let startMs = Math.floor(fromMs / quarterMs) * quarterMs; startMs < toMs; startMs += quarterMs) {
        const micro = timedPrice(prices, momentOf(startMs));
        if (micro === undefined) gaps++;
        else
          steps.push({
            startMs,
            endMs: startMs + quarterMs,
            microPerKwh: micro,
            taxedMicroPerKwh: includesTaxes ? micro : null,
          });
      }
      return { currency, zone, steps, gaps };
    },
  };
}
