import { z } from "zod";
import { Address, Hash, Instant, Name, Signature } from "./fields.ts";

/** Micro-units per kWh of an order, up to a million units of money either way, written in one way only, as it is signed. */
const Limit = z.string().regex(/^(0|-?[1-9]\d{0,11})$/, 'micro-units per kWh without leading zeros, such as "215000" or "-5000"');

/** An instant on a whole second: signed are seconds. */
const WholeSecond = Instant.refine((text) => !/\.\d*[1-9]/.test(text), "an instant on a whole second");

/** A prosumer's or an aggregator's word to an exchange: buy or sell up to so much in one delivery slot. */
export const ExchangeOrder = z.strictObject({
  v: z.literal(1),
  /** Owner addresses of the exchange and of whoever orders. */
  exchange: Address,
  participant: Address,
  /** The participant's own name for it. */
  orderId: Name,
  /** A higher one replaces the order of the same name, with all that it has traded so far. */
  revision: z.int().min(1).max(1_000_000),
  side: z.enum(["buy", "sell"]),
  /** The delivery slot. */
  start: WholeSecond,
  end: WholeSecond,
  /** Of all revisions together. */
  wh: z.int().min(1).max(1_000_000_000),
  /** A buyer's most, path fee included; a seller's least. */
  limit: Limit,
  /** Zone of the grid where it delivers or takes. */
  zone: Name,
  validUntil: WholeSecond,
});
export type ExchangeOrder = z.infer<typeof ExchangeOrder>;

/** up/order: an order with the signature of the participant's signer key (EIP-712). */
export const SignedOrder = z.strictObject({ order: ExchangeOrder, signature: Signature });
export type SignedOrder = z.infer<typeof SignedOrder>;

/** Takes back what is still open of an order. */
export const OrderRevocation = z.strictObject({
  v: z.literal(1),
  exchange: Address,
  participant: Address,
  /** EIP-712 digest of the order. */
  order: Hash,
  time: WholeSecond,
});
export type OrderRevocation = z.infer<typeof OrderRevocation>;

export const SignedRevocation = z.strictObject({ revocation: OrderRevocation, signature: Signature });
export type SignedRevocation = z.infer<typeof SignedRevocation>;

/** What a store can do in one slot. Efficiencies in thousandths. */
const ForecastStore = z.strictObject({
  fillWh: z.int().min(0),
  minWh: z.int().min(0),
  capacityWh: z.int().min(0),
  chargeMaxWh: z.int().min(0),
  dischargeMaxWh: z.int().min(0),
  chargePerMille: z.int().min(1).max(1000),
  dischargePerMille: z.int().min(1).max(1000),
});

/** What a participant expects of its house without the store and without trades: the bound of its orders. */
export const ExchangeForecast = z.strictObject({
  v: z.literal(1),
  exchange: Address,
  participant: Address,
  /** When it was made; a later one takes its place. */
  time: WholeSecond,
  /** Start of the first slot. */
  start: WholeSecond,
  slotMinutes: z.int().min(5).max(60),
  /** Surplus of each slot in Wh, negative where the house needs energy. */
  netWh: z.array(z.int().min(-1_000_000_000).max(1_000_000_000)).min(1).max(400),
  /** Null where there is none. */
  store: ForecastStore.nullable(),
});
export type ExchangeForecast = z.infer<typeof ExchangeForecast>;

export const SignedForecast = z.strictObject({ forecast: ExchangeForecast, signature: Signature });
export type SignedForecast = z.infer<typeof SignedForecast>;
