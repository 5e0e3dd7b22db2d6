import type { ExchangeOrder } from "../../core/message/exchange-order.ts";
import type { AuctionOrder } from "./auction-order.ts";
import { clearAuction, type Clearing } from "./call-auction.ts";
import type { PathFees } from "./path-fees.ts";

/** What holds for all orders of an exchange. */
export interface BookRules {
  /** Owner address of the exchange. */
  exchange: string;
  slotMinutes: number;
  /** Orders for a slot are taken and cleared until so long before it begins. */
  gateMs: number;
  /** So far ahead orders are taken. */
  horizonMs: number;
  /** Time from one auction to the next. */
  everyMs: number;
  zones: ReadonlySet<string>;
  fees: PathFees;
}

/** The rules of an exchange with auctions each 5 minutes and gate closure 15 minutes before delivery. */
export const usualTimes = { slotMinutes: 15, gateMs: 15 * 60_000, horizonMs: 48 * 3_600_000, everyMs: 5 * 60_000 };

/** An order in the book. */
export interface BookOrder {
  /** EIP-712 digest. */
  hash: string;
  order: ExchangeOrder;
  startMs: number;
  validUntilMs: number;
  /** Traded by it and by the revisions before it. */
  tradedWh: number;
  /** Why it takes no part any more, or open. */
  state: "open" | "replaced" | "revoked" | "closed";
}

/** What has happened in a book; a book is what its events make of it. */
export type BookEvent =
  | { is: "placed"; hash: string; order: ExchangeOrder }
  | { is: "revoked"; hash: string }
  | { is: "cleared"; startMs: number; fills: readonly { hash: string; wh: number }[] }
  | { is: "closed"; startMs: number };

/** All orders of an exchange that are not over, by what is looked for. Only applyEvent changes it. */
export interface OrderBook {
  rules: BookRules;
  orders: Map<string, BookOrder>;
  /** Newest revision by participant and order id. */
  newest: Map<string, string>;
  bySlot: Map<number, Set<string>>;
  byParticipant: Map<string, Set<string>>;
  /** Start of the latest slot that was closed; slots are closed in their order. */
  closedUntilMs: number;
}

export function openBook(rules: BookRules): OrderBook {
  return {
    rules,
    orders: new Map(),
    newest: new Map(),
    bySlot: new Map(),
    byParticipant: new Map(),
    closedUntilMs: -Infinity,
  };
}

/** Under which newest knows an order. */
export const nameOf = ({ participant, orderId }: Pick<ExchangeOrder, "participant" | "orderId">): string =>
  `${participant} ${orderId}`;

/** Wh of an order that may still trade; 0 where it is over. */
export function openWh({ order, tradedWh, state }: BookOrder): number {
  return state === "open" ? Math.max(0, order.wh - tradedWh) : 0;
}

/** Orders of a participant, those that are over but whose slot is not too. */
export function ordersOf(book: OrderBook, participant: string): BookOrder[] {
  return [...(book.byParticipant.get(participant) ?? [])].flatMap((hash) => book.orders.get(hash) ?? []);
}

/** Takes over what was decided; events that were stored make the same book again. */
export function applyEvent(book: OrderBook, event: BookEvent): void {
  switch (event.is) {
    case "placed":
      return place(book, event.hash, event.order);
    case "revoked": {
      const order = book.orders.get(event.hash);
      if (order) order.state = "revoked";
      return;
    }
    case "cleared":
      for (const { hash, wh } of event.fills) {
        const order = book.orders.get(hash);
        if (order) order.tradedWh += wh;
      }
      return;
    case "closed":
      return close(book, event.startMs);
  }
}

function place(book: OrderBook, hash: string, order: ExchangeOrder): void {
  const before = book.orders.get(book.newest.get(nameOf(order)) ?? "");
  if (before) before.state = "replaced";
  const startMs = Date.parse(order.start);
  const validUntilMs = Date.parse(order.validUntil);
  book.orders.set(hash, { hash, order, startMs, validUntilMs, tradedWh: before?.tradedWh ?? 0, state: "open" });
  book.newest.set(nameOf(order), hash);
  added(book.bySlot, startMs, hash);
  added(book.byParticipant, order.participant, hash);
}

function added<K>(to: Map<K, Set<string>>, key: K, hash: string): void {
  const set = to.get(key) ?? new Set();
  to.set(key, set.add(hash));
}

/** What was sold is still to be delivered: orders leave the book only when their slot is over. */
function close(book: OrderBook, startMs: number): void {
  book.closedUntilMs = Math.max(book.closedUntilMs, startMs);
  for (const hash of book.bySlot.get(startMs) ?? []) {
    const order = book.orders.get(hash);
    if (order?.state === "open") order.state = "closed";
  }
  const { gateMs, slotMinutes } = book.rules;
  for (const start of book.bySlot.keys()) if (start + slotMinutes * 60_000 <= startMs - gateMs) forget(book, start);
}

function forget(book: OrderBook, startMs: number): void {
  for (const hash of book.bySlot.get(startMs) ?? []) {
    const order = book.orders.get(hash)?.order;
    book.orders.delete(hash);
    if (!order) continue;
    if (book.newest.get(nameOf(order)) === hash) book.newest.delete(nameOf(order));
    const own = book.byParticipant.get(order.participant);
    own?.delete(hash);
    if (own?.size === 0) book.byParticipant.delete(order.participant);
  }
  book.bySlot.delete(startMs);
}

/**
 * Open orders of one slot as the auction takes them. An order over its time is left out; until that very instant it takes
 * part, as homes let theirs be valid until the gate, where the last auction is.
 */
export function batchOf(book: OrderBook, startMs: number, nowMs: number): AuctionOrder[] {
  return [...(book.bySlot.get(startMs) ?? [])].flatMap((hash) => {
    const found = book.orders.get(hash);
    if (!found || found.validUntilMs < nowMs) return [];
    const wh = openWh(found);
    if (wh === 0) return [];
    const { participant, side, limit, zone } = found.order;
    return [{ hash, participant, side, wh, limit: BigInt(limit), zone }];
  });
}

/**
 * The auction of one slot at an instant, and the event that books it. Changes nothing itself.
 * @param mayTrade whose orders take part
 */
export function clearSlot(
  book: OrderBook,
  startMs: number,
  nowMs: number,
  mayTrade: (participant: string) => boolean = () => true,
): { clearing: Clearing; event: Extract<BookEvent, { is: "cleared" }> } {
  const batch = batchOf(book, startMs, nowMs).filter(({ participant }) => mayTrade(participant));
  const clearing = clearAuction(batch, book.rules.fees);
  const fills = new Map<string, number>();
  for (const { buy, sell, wh } of clearing.trades)
    for (const { hash } of [buy, sell]) fills.set(hash, (fills.get(hash) ?? 0) + wh);
  return {
    clearing,
    event: { is: "cleared", startMs, fills: [...fills].map(([hash, wh]) => ({ hash, wh })) },
  };
}

/** What is left of the orders of a slot when its gate closes: it goes by the tariff of each participant's supplier. */
export function closeSlot(
  book: OrderBook,
  startMs: number,
): { left: { order: BookOrder; wh: number }[]; event: Extract<BookEvent, { is: "closed" }> } {
  const left = [...(book.bySlot.get(startMs) ?? [])].flatMap((hash) => {
    const order = book.orders.get(hash);
    const wh = order ? openWh(order) : 0;
    return order && wh > 0 ? [{ order, wh }] : [];
  });
  return { left, event: { is: "closed", startMs } };
}

/**
 * What is to be done at an instant: slots to clear, and then slots to close; starts in ms, earliest first. At the gate itself a slot
 * is both cleared for the last time and closed.
 */
export function slotsAt(book: OrderBook, nowMs: number): { toClear: number[]; toClose: number[] } {
  const starts = [...book.bySlot.keys()].filter((start) => start > book.closedUntilMs).toSorted((one, other) => one - other);
  const gateOf = (startMs: number): number => startMs - book.rules.gateMs;
  return {
    toClear: starts.filter((start) => nowMs <= gateOf(start)),
    toClose: starts.filter((start) => nowMs >= gateOf(start)),
  };
}

/** When the next auction is after an instant, ms. Auctions stand on full periods since 1970, so the last one is at the gate. */
export function nextAuction({ everyMs }: BookRules, nowMs: number): number {
  return (Math.floor(nowMs / everyMs) + 1) * everyMs;
}
