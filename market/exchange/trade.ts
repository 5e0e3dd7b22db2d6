import { z } from "zod";
import { iso } from "../../core/clock/clock.ts";
import { Address, Hash, Instant, Micro, Name } from "../../core/message/fields.ts";
import { canonicalHash } from "../../settlement/record/canonical-hash.ts";
import type { AuctionTrade } from "./call-auction.ts";

/** One trade of an exchange: what `ref` of both its records is the hash of. Each side sees the other's order only as a hash. */
export const ExchangeTrade = z.strictObject({
  v: z.literal(1),
  exchange: Address,
  /** When it was cleared; with both orders that names it. */
  clearedAt: Instant,
  /** The delivery slot. */
  start: Instant,
  end: Instant,
  /** EIP-712 digests of the orders. */
  sellOrder: Hash,
  buyOrder: Hash,
  sellZone: Name,
  buyZone: Name,
  wh: z.int().positive(),
  /** What the seller gets, and what the grid gets on top, micro-units per kWh. */
  price: Micro,
  fee: Micro,
});
export type ExchangeTrade = z.infer<typeof ExchangeTrade>;

/** keccak256 of the trade's canonical JSON. */
export function tradeHash(trade: ExchangeTrade): string {
  return canonicalHash(ExchangeTrade.parse(trade));
}

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
