import type { PriceSeries } from "../../core/message/price-series.ts";
import { localTimeOf, slotsBetween } from "../../core/slots.ts";
import type { PriceBook } from "../../planner/price-book.ts";
import type { FeederConfig } from "../config/aggregator-config.ts";
import { timeOf } from "../optimise/feeder-groups.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { FrozenCharge, FrozenPrice } from "../store/reward-store.ts";

/** What a kWh is worth to the aggregator: known before its slot begins, and fixed then. */
export interface Worth {
  /** Fixes what is known of the time from an instant on. */
  freeze(nowMs: number): Promise<void>;
}

/** As far as prices are announced. */
const aheadMs = 48 * 3_600_000;

/**
 * The day-ahead price of each slot, and what a feeder's grid operator asks for more in some hours.
 * @param options.prices null where nobody has said what a kWh is worth: nothing can be rewarded then
 */
export function worth(options: {
  prices: PriceBook | null;
  feeders: readonly FeederConfig[];
  store: Pick<AggregatorStore, "freezePrices" | "freezeCharges">;
  slotMinutes: number;
}): Worth {
  const { prices, store } = options;
  let frozenUntilMs = -Infinity;
  return {
    async freeze(nowMs) {
      const [fromMs, untilMs] = [Math.max(nowMs, frozenUntilMs), nowMs + aheadMs];
      if (fromMs >= untilMs || !prices) return;
      await store.freezePrices(
        prices.series.flatMap((series) => stepsOf(series, prices, fromMs, untilMs)),
        nowMs,
      );
      for (const feeder of options.feeders)
        await store.freezeCharges(chargesOf(feeder, fromMs, untilMs, options.slotMinutes), nowMs);
      frozenUntilMs = untilMs;
    },
  };
}

/** Steps of a series that begin in [from, until) and that no series before it has. */
function stepsOf(series: PriceSeries, book: PriceBook, fromMs: number, untilMs: number): FrozenPrice[] {
  const [seriesMs, stepMs] = [Date.parse(series.start), series.stepS * 1000];
  return series.importPerKwh.flatMap((perKwh, step) => {
    const startMs = seriesMs + step * stepMs;
    if (startMs < fromMs || startMs >= untilMs || book.at(startMs) !== series) return [];
    return [{ startMs, endMs: startMs + stepMs, perKwh: BigInt(perKwh) }];
  });
}

function chargesOf({ name, grid }: FeederConfig, fromMs: number, untilMs: number, minutes: number): FrozenCharge[] {
  if (!grid) return [];
  const { agreement, timezone, terms } = grid;
  const [beginsMs, endsMs] = [Math.max(fromMs, Date.parse(grid.from)), Math.min(untilMs, Date.parse(grid.until))];
  return slotsBetween(beginsMs, endsMs, minutes).flatMap(({ startMs, endMs }) => {
    if (startMs < beginsMs || endMs > endsMs) return [];
    const charge = timeOf(terms.charges, localTimeOf(startMs, timezone));
    return [{ feeder: name, startMs, endMs, perKwh: BigInt(charge?.perKwh ?? "0"), agreement }];
  });
}
