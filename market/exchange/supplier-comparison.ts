import { moneyMicro } from "../../core/units.ts";
import type { AuctionOrder } from "./auction-order.ts";
import type { AuctionTrade, Unmatched } from "./call-auction.ts";

/** What a supplier, or an aggregator with a fixed buying price, takes and gives for a kWh; micro-units. */
export interface FixedTariff {
  import: bigint;
  export: bigint;
}

/** What one participant gets for all its orders, micro-units; negative: it pays. */
export interface Compared {
  participant: string;
  /** Trades at their price, and what did not trade at the tariff. */
  withMicro: bigint;
  /** All of it at the tariff. */
  withoutMicro: bigint;
}

/** Each participant with the exchange and without, in the order of their names. The grid's path fees are paid in the first. */
export function compareWithSupplier(
  orders: readonly AuctionOrder[],
  { trades, unmatched }: { trades: readonly AuctionTrade[]; unmatched: readonly Unmatched[] },
  tariff: FixedTariff,
): Compared[] {
  const found = new Map<string, Compared>();
  const of = (participant: string): Compared => {
    const here = found.get(participant) ?? { participant, withMicro: 0n, withoutMicro: 0n };
    found.set(participant, here);
    return here;
  };
  const atTariff = ({ side }: AuctionOrder, wh: number): bigint =>
    side === "sell" ? moneyMicro([{ wh, microPerKwh: tariff.export }]) : -moneyMicro([{ wh, microPerKwh: tariff.import }]);
  for (const order of orders) of(order.participant).withoutMicro += atTariff(order, order.wh);
  for (const { order, wh } of unmatched) of(order.participant).withMicro += atTariff(order, wh);
  for (const { buy, sell, paid, received } of trades) {
    of(buy.participant).withMicro -= paid;
    of(sell.participant).withMicro += received;
  }
  return [...found.values()].toSorted((one, other) => (one.participant < other.participant ? -1 : 1));
}
