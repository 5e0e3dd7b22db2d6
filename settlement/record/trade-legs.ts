import { ExchangeTrade } from "../../core/message/exchange-trade.ts";
import { moneyMicro } from "../../core/units.ts";
import { canonicalHash } from "./canonical-hash.ts";

/** keccak256 of the trade's canonical JSON: `ref` of both its records. */
export function tradeHash(trade: ExchangeTrade): string {
  return canonicalHash(ExchangeTrade.parse(trade));
}

/**
 * One side of a trade, between a participant and the exchange: all that a settlement record of kind trade says of it. Whoever
 * checks such a record works it out again from the trade, which is its evidence.
 */
export interface TradeLeg {
  kind: "trade";
  /** Owner addresses. */
  participant: string;
  exchange: string;
  side: "buy" | "sell";
  /** Who pays whom: at a negative price the exchange pays the buyer, and the seller the exchange. */
  payer: string;
  /** Micro-units from 0. */
  amount: bigint;
  wh: number;
  /** Instants of the delivery slot. */
  start: string;
  end: string;
  /** Hash of the trade; both legs carry it. */
  ref: string;
}

/** Both legs of a trade and what is left at the exchange for the grid, micro-units. */
export interface TradeLegs {
  buy: TradeLeg;
  sell: TradeLeg;
  feeMicro: bigint;
}

/**
 * The exchange stands between buyer and seller, so each has a pair with the exchange alone. What comes in on one leg goes out on
 * the other, and the fee: no micro-unit is made or lost.
 * @param parties owner addresses behind the two orders; only the exchange knows both
 */
export function legsOf(trade: ExchangeTrade, parties: { buyer: string; seller: string }): TradeLegs {
  const { exchange, wh, start, end } = trade;
  const price = BigInt(trade.price);
  const paid = moneyMicro([{ wh, microPerKwh: price + BigInt(trade.fee) }]);
  const received = moneyMicro([{ wh, microPerKwh: price }]);
  const ref = tradeHash(trade);
  const leg = (side: "buy" | "sell", participant: string, owed: bigint): TradeLeg => ({
    kind: "trade",
    participant,
    exchange,
    side,
    payer: owed >= 0n ? participant : exchange,
    amount: owed < 0n ? -owed : owed,
    wh,
    start,
    end,
    ref,
  });
  return {
    buy: leg("buy", parties.buyer, paid),
    sell: leg("sell", parties.seller, -received),
    feeMicro: paid - received,
  };
}
