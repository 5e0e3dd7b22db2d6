import { errorMessage } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { ExchangeForecast, ExchangeOrder, SignedOrder, SignedRevocation } from "../../core/message/exchange-order.ts";
import type { SettlementDomain } from "../../settlement/record/domain.ts";
import { oversold, type Promised } from "./forecast-bound.ts";
import { type BookEvent, type BookOrder, nameOf, openWh, type OrderBook, ordersOf } from "./order-book.ts";
import { orderReserve } from "./order-reserve.ts";
import { orderDigest, orderSigner, revocationSigner } from "../../settlement/record/order-signature.ts";

/** What the exchange knows of a participant. */
export interface Standing {
  /** Signer key that is registered and in force, lower case; null where none is. */
  signer: string | null;
  /** Newest forecast that the participant signed. */
  forecast: ExchangeForecast | null;
  /** Escrow towards the exchange, less what records and trades without a record owe already. Open orders are counted here. */
  freeMicro: bigint;
  /** Slots of the last days in which it traded and of which it has not told what its meter shows, though it had days for that. */
  untoldSlots: number;
}

/**
 * So many slots may stay untold. Whoever tells nothing of what it did not do is not charged for it, so it trades no more; two hours
 * are what a gateway may lose that does its best.
 */
export const mostUntoldSlots = 8;

/** Why an order or a revocation is not taken. */
export interface Refusal {
  is: "refused";
  code: string;
  message: string;
}

const refuse = (code: string, message: string): Refusal => ({ is: "refused", code, message });

/**
 * Whether an order may stand in the book. Pure: the event that is given back has to be applied. The order has passed its schema.
 * Codes: market-order-other-exchange, -bad-slot, -late, -too-early, -expired, -unknown-zone, -unknown-participant, -bad-signature,
 * -wrong-signer, -duplicate, -conflict, -crosses-own, -unmetered, -no-forecast, -oversold, -escrow-short.
 */
export function checkOrder(
  book: OrderBook,
  { order, signature }: SignedOrder,
  { domain, standing, nowMs }: { domain: SettlementDomain; standing: Standing; nowMs: number },
): Extract<BookEvent, { is: "placed" }> | Refusal {
  const hash = orderDigest(domain, order);
  return (
    checkSlot(book, order, nowMs) ??
    checkSigner(order.participant, standing, () => orderSigner(domain, order, signature)) ??
    checkPlace(book, order, hash) ??
    checkOwn(book, order) ??
    checkMetering(order, standing) ??
    checkForecast(book, order, standing) ??
    checkEscrow(book, order, standing) ?? { is: "placed", hash, order }
  );
}

/** Whether a revocation takes effect. Codes: as of orders, and market-order-unknown, market-order-over. */
export function checkRevocation(
  book: OrderBook,
  { revocation, signature }: SignedRevocation,
  { domain, standing }: { domain: SettlementDomain; standing: Standing },
): Extract<BookEvent, { is: "revoked" }> | Refusal {
  const { exchange, participant, order: hash } = revocation;
  const found = book.orders.get(hash);
  if (exchange !== book.rules.exchange) return otherExchange(exchange, book);
  const wrong = checkSigner(participant, standing, () => revocationSigner(domain, revocation, signature));
  if (wrong) return wrong;
  // Whose an order is is nobody else's business: another's is as unknown as none.
  if (!found || found.order.participant !== participant)
    return refuse("market-order-unknown", `no order ${hash} of ${participant} is in the book`);
  if (found.state !== "open") return refuse("market-order-over", `order ${hash} is ${found.state} already`);
  return { is: "revoked", hash };
}

const otherExchange = (given: string, { rules }: OrderBook): Refusal =>
  refuse("market-order-other-exchange", `it is for exchange ${given}, this is ${rules.exchange}`);

function checkSlot(book: OrderBook, order: ExchangeOrder, nowMs: number): Refusal | undefined {
  const { rules } = book;
  const [startMs, endMs, untilMs] = [Date.parse(order.start), Date.parse(order.end), Date.parse(order.validUntil)];
  const lengthMs = rules.slotMinutes * 60_000;
  if (order.exchange !== rules.exchange) return otherExchange(order.exchange, book);
  if (endMs - startMs !== lengthMs || startMs % lengthMs !== 0)
    return refuse("market-order-bad-slot", `${order.start} to ${order.end} is no slot of ${rules.slotMinutes} min`);
  if (nowMs >= startMs - rules.gateMs || startMs <= book.closedUntilMs)
    return refuse("market-order-late", `the gate for ${order.start} closed at ${iso(startMs - rules.gateMs)}`);
  if (startMs > nowMs + rules.horizonMs)
    return refuse("market-order-too-early", `orders for ${order.start} are taken from ${iso(startMs - rules.horizonMs)}`);
  if (untilMs <= nowMs) return refuse("market-order-expired", `it was valid until ${order.validUntil}`);
  if (!rules.zones.has(order.zone))
    return refuse("market-order-unknown-zone", `zone "${order.zone}" is none of ${[...rules.zones].join(", ")}`);
  return undefined;
}

function checkSigner(participant: string, { signer }: Standing, recover: () => string): Refusal | undefined {
  if (signer === null) return refuse("market-order-unknown-participant", `no key in force is registered for ${participant}`);
  try {
    const by = recover();
    return by === signer
      ? undefined
      : refuse("market-order-wrong-signer", `signed by ${by}, the key of ${participant} is ${signer}`);
  } catch (error) {
    return refuse("market-order-bad-signature", errorMessage(error));
  }
}

/** Duplicated, conflicting, or the next revision of an order that is there. */
function checkPlace(book: OrderBook, order: ExchangeOrder, hash: string): Refusal | undefined {
  if (book.orders.has(hash)) return refuse("market-order-duplicate", `order ${hash} is in the book already`);
  const newest = replacedBy(book, order);
  if (!newest) return undefined;
  const { revision, side, start, zone } = newest.order;
  if (order.revision <= revision)
    return refuse("market-order-conflict", `order ${order.orderId} is at revision ${revision}, a new one must be higher`);
  if (order.side !== side || order.start !== start || order.zone !== zone)
    return refuse(
      "market-order-conflict",
      `revisions of order ${order.orderId} are for one side, slot and zone (${side}, ${start}, ${zone}); give another id`,
    );
  return undefined;
}

const replacedBy = (book: OrderBook, order: ExchangeOrder): BookOrder | undefined =>
  book.orders.get(book.newest.get(nameOf(order)) ?? "");

/** Own orders that stand beside this one. */
const others = (book: OrderBook, order: ExchangeOrder): BookOrder[] =>
  ordersOf(book, order.participant).filter((one) => nameOf(one.order) !== nameOf(order));

/** A bid over an own ask would trade with itself. */
function checkOwn(book: OrderBook, order: ExchangeOrder): Refusal | undefined {
  for (const other of others(book, order)) {
    if (other.order.start !== order.start || other.order.side === order.side || openWh(other) === 0) continue;
    const [buy, sell] = order.side === "buy" ? [order, other.order] : [other.order, order];
    const fee = book.rules.fees.between(sell.zone, buy.zone);
    if (fee !== null && BigInt(buy.limit) >= BigInt(sell.limit) + fee)
      return refuse(
        "market-order-crosses-own",
        `own order ${other.order.orderId} for the same slot would match it (buys up to ${buy.limit}, sells from ${sell.limit}, fee ${fee}); revoke it first`,
      );
  }
  return undefined;
}

function checkMetering({ participant }: ExchangeOrder, { untoldSlots }: Standing): Refusal | undefined {
  if (untoldSlots <= mostUntoldSlots) return undefined;
  return refuse(
    "market-order-unmetered",
    `of ${untoldSlots} slots of the last week in which ${participant} traded it has not told what its meter shows, at most ${mostUntoldSlots} may be missing; tell them with POST /v1/settlement`,
  );
}

function checkForecast(book: OrderBook, order: ExchangeOrder, { forecast }: Standing): Refusal | undefined {
  if (!forecast)
    return refuse("market-order-no-forecast", "orders are bounded by a signed forecast, and there is none; send one first");
  if (forecast.participant !== order.participant || forecast.slotMinutes !== book.rules.slotMinutes)
    return refuse(
      "market-order-no-forecast",
      `the forecast is of ${forecast.participant} by ${forecast.slotMinutes} min, expected one of ${order.participant} by ${book.rules.slotMinutes} min`,
    );
  const over = oversold(forecast, promisedWith(book, order));
  return over ? refuse("market-order-oversold", over.message) : undefined;
}

/** What the participant has promised in each slot, this order included. */
function promisedWith(book: OrderBook, order: ExchangeOrder): Map<number, Promised> {
  const promised = new Map<number, Promised>();
  const add = ({ side, start }: ExchangeOrder, doneWh: number, leftWh: number): void => {
    const startMs = Date.parse(start);
    const at = promised.get(startMs) ?? { soldWh: 0, boughtWh: 0, openSellWh: 0, openBuyWh: 0 };
    promised.set(startMs, at);
    if (side === "sell") {
      at.soldWh += doneWh + leftWh;
      at.openSellWh += leftWh;
    } else {
      at.boughtWh += doneWh + leftWh;
      at.openBuyWh += leftWh;
    }
  };
  const doneWh = replacedBy(book, order)?.tradedWh ?? 0;
  add(order, doneWh, Math.max(0, order.wh - doneWh));
  for (const one of others(book, order)) if (one.state !== "replaced") add(one.order, one.tradedWh, openWh(one));
  return promised;
}

function checkEscrow(book: OrderBook, order: ExchangeOrder, { freeMicro }: Standing): Refusal | undefined {
  const bound = others(book, order).reduce((sum, one) => sum + orderReserve(one.order, openWh(one)), 0n);
  const needed = orderReserve(order, Math.max(0, order.wh - (replacedBy(book, order)?.tradedWh ?? 0)));
  if (needed <= freeMicro - bound) return undefined;
  return refuse(
    "market-order-escrow-short",
    `it may cost ${needed} micro-units, of ${freeMicro} in escrow other open orders may take ${bound}; deposit first, or order less`,
  );
}
