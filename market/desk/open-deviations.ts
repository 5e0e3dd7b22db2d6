import type { Clock } from "../../core/clock/clock.ts";
import { meteredWithinMs } from "../../core/message/exchange-http.ts";
import { priceAt, type PriceSeries } from "../../core/message/price-series.ts";
import type { Deviated, ExchangeStore } from "../store/exchange-store.ts";

/** Of older slots nothing new comes to light: what was told in time has arrived a day later. */
const lookBackMs = meteredWithinMs + 86_400_000;

/** A deviation and the series with its balancing price. */
export interface PricedDeviation {
  found: Deviated;
  series: PriceSeries;
}

/**
 * What a participant traded, did not do and was not yet corrected for, oldest first, of slots that have a balancing price: one
 * without a price holds up none after it. To be asked once every trade of the participant that is over has its record.
 */
export function openDeviations(parts: {
  store: Pick<ExchangeStore, "nextDeviation">;
  balancing: readonly PriceSeries[];
  clock: Pick<Clock, "now">;
}): (participant: string) => Promise<PricedDeviation | null> {
  const { store, balancing, clock } = parts;
  /** Before then all is corrected, by participant. However long its settlement was held, the first look is at all that there is. */
  const closedMs = new Map<string, number>();
  return async (participant) => {
    const nowMs = clock.now();
    let fromMs = closedMs.get(participant) ?? 0;
    for (;;) {
      const found = await store.nextDeviation(participant, fromMs);
      if (!found) break;
      const series = balancing.find((one) => priceAt(one, "import", found.startMs) !== undefined);
      if (series) return { found, series };
      const pricedMs = nextPriced(balancing, found.startMs);
      if (pricedMs === null) break;
      fromMs = Math.max(found.endMs, pricedMs) + 1;
    }
    closedMs.set(participant, nowMs - lookBackMs);
    return null;
  };
}

/** Start of the first series that begins after an instant without a price; null: none does. */
function nextPriced(balancing: readonly PriceSeries[], atMs: number): number | null {
  const later = balancing.map(({ start }) => Date.parse(start)).filter((startMs) => startMs > atMs);
  return later.length === 0 ? null : Math.min(...later);
}
