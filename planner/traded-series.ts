import type { Slot } from "../core/slots.ts";
import type { TradedSlot } from "../core/message/traded.ts";

/** What a planning problem says of trades, see Problem. One figure a slot. */
export interface TradedSeries {
  bought_w: number[];
  sold_w: number[];
  undrawn_price_per_kwh: number[];
  unfed_price_per_kwh: number[];
}

/**
 * What was traded of delivery slots, by the slots of a plan: shorter ones have their share, longer ones the sum. Where the exchange has
 * no price for what is not done, the supplier's is taken. Undefined where nothing was traded of these slots.
 * @param tariff supplier's prices by slot, currency per kWh
 * @param price what a price counts as in a plan, currency per kWh
 */
export function tradedSeries(
  slots: readonly Slot[],
  traded: readonly TradedSlot[],
  tariff: { importPerKwh: readonly number[]; exportPerKwh: readonly number[] },
  price: (microPerKwh: bigint) => number,
): TradedSeries | undefined {
  const rows = slots.map(({ startMs, endMs }, at) => {
    let [boughtWh, soldWh] = [0, 0];
    let [undrawn, unfed] = [tariff.exportPerKwh[at] ?? 0, tariff.importPerKwh[at] ?? 0];
    for (const one of traded) {
      const [fromMs, toMs] = [Date.parse(one.start), Date.parse(one.end)];
      const share = (Math.min(endMs, toMs) - Math.max(startMs, fromMs)) / (toMs - fromMs);
      if (!(share > 0)) continue;
      boughtWh += one.boughtWh * share;
      soldWh += one.soldWh * share;
      if (one.undrawnPerKwh !== null && one.boughtWh > 0) undrawn = price(BigInt(one.undrawnPerKwh));
      if (one.unfedPerKwh !== null && one.soldWh > 0) unfed = price(BigInt(one.unfedPerKwh));
    }
    const hours = (endMs - startMs) / 3_600_000;
    return { boughtW: boughtWh / hours, soldW: soldWh / hours, undrawn, unfed };
  });
  if (rows.every(({ boughtW, soldW }) => boughtW === 0 && soldW === 0)) return undefined;
  return {
    bought_w: rows.map(({ boughtW }) => boughtW),
    sold_w: rows.map(({ soldW }) => soldW),
    undrawn_price_per_kwh: rows.map(({ undrawn }) => undrawn),
    unfed_price_per_kwh: rows.map(({ unfed }) => unfed),
  };
}
