import { iso } from "../../core/clock/clock.ts";
import type { ExchangeTrade } from "../../core/message/exchange-trade.ts";
import type { AuctionTrade } from "./call-auction.ts";

/** The trade of a clearing as both sides get it. */
export function tradeOf(
  { sell, buy, wh, price, fee }: AuctionTrade,
  slot: { exchange: string; clearedMs: number; startMs: number; endMs: number },
): ExchangeTrade {
  return {
    v: 1,
    exchange: slot.exchange,
    clearedAt: iso(slot.clearedMs),
    start: iso(slot.startMs),
    end: iso(slot.endMs),
    sellOrder: sell.hash,
    buyOrder: buy.hash,
    sellZone: sell.zone,
    buyZone: buy.zone,
    wh,
    price: String(price),
    fee: String(fee),
  };
}
