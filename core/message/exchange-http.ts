import { z } from "zod";
import { SignedForecast, SignedOrder, SignedRevocation } from "./exchange-order.ts";
import { ExchangeTrade } from "./exchange-trade.ts";
import { Address, Currency, Hash, Instant, Micro, Name, Signature } from "./fields.ts";
import { PriceSeries } from "./price-series.ts";
import { SettlementDown, SettlementUp } from "./settlement-message.ts";

/*
 * What participants and an exchange say to each other over HTTP. Orders, forecasts and records carry signatures of their own;
 * whatever else concerns one participant alone is asked for with a signed request.
 */

/** GET /v1/rules: what holds for all. */
export const ExchangeRules = z.object({
  v: z.literal(1),
  exchange: Address,
  chainId: z.int().positive(),
  contract: Address,
  currency: Currency,
  slotMinutes: z.int().positive(),
  /** Orders for a slot are taken until so long before it begins. */
  gateS: z.int().min(0),
  horizonS: z.int().positive(),
  /** Auctions stand on full periods since 1970. */
  everyS: z.int().positive(),
  zones: z.array(Name).min(1),
  /** Micro-units per kWh of every way that paths does not list. */
  fee: Micro,
  /** Null: there is no way. */
  paths: z.array(z.object({ from: Name, to: Name, fee: Micro.nullable() })),
});
export type ExchangeRules = z.infer<typeof ExchangeRules>;

/** What shows that a request is by one of two parties: the time, signed as in HeadRequest. */
export const SignedRequest = z.object({ a: Address, b: Address, time: z.int().nonnegative(), signature: Signature });
export type SignedRequest = z.infer<typeof SignedRequest>;

/** POST /v1/orders: in this order. */
export const OrdersUp = z.object({
  forecast: SignedForecast.optional(),
  revocations: z.array(SignedRevocation).max(500).default([]),
  orders: z.array(SignedOrder).max(500).default([]),
});
export type OrdersUp = z.input<typeof OrdersUp>;

/** Whether one of them was taken. */
const Taken = z.object({
  taken: z.boolean(),
  hash: Hash.nullable(),
  code: z.string().nullable(),
  message: z.string().nullable(),
});
export type Taken = z.infer<typeof Taken>;

export const OrdersDown = z.object({ forecast: Taken.nullable(), revocations: z.array(Taken), orders: z.array(Taken) });
export type OrdersDown = z.infer<typeof OrdersDown>;

/** POST /v1/own. */
export const OwnUp = z.object({ request: SignedRequest });

/** An own order in the book. */
export const OwnOrder = z.object({
  hash: Hash,
  order: SignedOrder.shape.order,
  tradedWh: z.int().min(0),
  state: z.enum(["open", "replaced", "revoked", "closed"]),
});
export type OwnOrder = z.infer<typeof OwnOrder>;

/** An own trade; `record`: the number of the record that settles it, null before. */
export const OwnTrade = z.object({
  hash: Hash,
  trade: ExchangeTrade,
  side: z.enum(["buy", "sell"]),
  record: z.int().positive().nullable(),
});
export type OwnTrade = z.infer<typeof OwnTrade>;

/** POST /v1/records: own records by number. */
export const OwnRecords = z.object({
  items: z.array(z.object({ seq: z.int().positive(), kind: z.string(), state: z.enum(["proposed", "cosigned", "disputed"]) })),
});
export type OwnRecords = z.infer<typeof OwnRecords>;

/** Orders and trades of slots that are not over. */
export const OwnDown = z.object({ orders: z.array(OwnOrder), trades: z.array(OwnTrade), free: Micro });
export type OwnDown = z.infer<typeof OwnDown>;

/** What the own grid meter shows of a delivery slot. */
const MeteredSlot = z.object({ start: Instant, end: Instant, importWh: z.int().min(0), exportWh: z.int().min(0) });
export type MeteredSlot = z.infer<typeof MeteredSlot>;

/** So long after its end a slot is told and asked for; older ones are over, told or not. */
export const meteredWithinMs = 7 * 86_400_000;

/** POST /v1/settlement: answers to what came before, and meter totals of slots with trades. */
export const ExchangeSettlementUp = z.object({
  request: SignedRequest,
  answers: z.array(SettlementUp).max(20).default([]),
  metered: z.array(MeteredSlot).max(400).default([]),
});
export type ExchangeSettlementUp = z.input<typeof ExchangeSettlementUp>;

/** Countersignatures, and the record that is proposed next. */
export const ExchangeSettlementDown = z.object({ messages: z.array(SettlementDown).max(50) });
export type ExchangeSettlementDown = z.infer<typeof ExchangeSettlementDown>;

/** POST /v1/allocations: what a participant traded, asked for by its supplier. */
export const AllocationsUp = z.object({ request: SignedRequest, from: Instant, to: Instant });

/** Energy of a slot that a participant bought and sold; the gates of all slots that are given are closed. */
export const AllocationsDown = z.object({
  items: z.array(z.object({ start: Instant, end: Instant, boughtWh: z.int().min(0), soldWh: z.int().min(0) })),
});
export type AllocationsDown = z.infer<typeof AllocationsDown>;

/** One auction of one slot, as it is published afterwards. Prices null where nothing was traded. */
export const AuctionResult = z.object({
  start: Instant,
  clearedAt: Instant,
  volumeWh: z.int().min(0),
  zones: z.array(z.object({ zone: Name, sell: Micro.nullable(), buy: Micro.nullable() })),
});
export type AuctionResult = z.infer<typeof AuctionResult>;

/** GET /v1/results?from=INSTANT: auctions with trades, of slots that begin then or later; the last ones where they are many. */
export const AuctionResults = z.object({ items: z.array(AuctionResult) });

/** GET /v1/balancing: prices of what is traded and not done. */
export const BalancingPrices = z.object({ items: z.array(PriceSeries) });
