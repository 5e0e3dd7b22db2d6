import { z } from "zod";
import { SignedOrder } from "./exchange-order.ts";
import { Address, Hash, Instant, Micro, Name } from "./fields.ts";

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
  wh: z.int().positive().max(1_000_000_000),
  /** What the seller gets, and what the grid gets on top, micro-units per kWh. */
  price: Micro,
  fee: Micro,
});
export type ExchangeTrade = z.infer<typeof ExchangeTrade>;

/** What a record of kind trade follows from: the trade, and the order of the side that the record is of. */
export const TradeEvidence = z.strictObject({ trade: ExchangeTrade, own: SignedOrder });
export type TradeEvidence = z.infer<typeof TradeEvidence>;

/**
 * What was traded in one delivery slot and not done, by side: sold and not fed in, or bought and not drawn. What a record of
 * kind correction between a participant and an exchange follows from.
 */
export const DeviationEvidence = z.strictObject({
  side: z.enum(["buy", "sell"]),
  start: Instant,
  end: Instant,
  /** Hashes of all trades of that side and slot, in rising order, and their energy. */
  trades: z.array(Hash).min(1).max(400),
  tradedWh: z.int().positive(),
  /** As much of it as the grid meter shows. */
  doneWh: z.int().min(0),
});
export type DeviationEvidence = z.infer<typeof DeviationEvidence>;
