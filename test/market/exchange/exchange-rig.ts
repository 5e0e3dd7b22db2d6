import { id, Wallet } from "ethers";
import type { ExchangeForecast, ExchangeOrder, SignedOrder } from "../../../core/message/exchange-order.ts";
import { checkOrder, type Refusal, type Standing } from "../../../market/exchange/check-order.ts";
import {
  applyEvent,
  type BookEvent,
  type BookRules,
  openBook,
  type OrderBook,
  usualTimes,
} from "../../../market/exchange/order-book.ts";
import { signOrder } from "../../../settlement/record/order-signature.ts";
import { pathFees } from "../../../market/exchange/path-fees.ts";

export const domain = { chainId: 31_337, contract: `0x${"c0".repeat(20)}` };
export const exchange = `0x${"ee".repeat(20)}`;
export const addressOf = (wallet: Wallet): string => wallet.address.toLowerCase();
/** Owner and signer of a participant that is the same in every run. */
export const participantNamed = (name: string): { owner: string; signer: Wallet } => ({
  owner: addressOf(new Wallet(id(`exchange test owner: ${name}`))),
  signer: new Wallet(id(`exchange test signer: ${name}`)),
});
export const alice = participantNamed("alice");
export const bob = participantNamed("bob");

/** Ten in the morning; the first slot whose gate is open begins at 10:30. */
export const nowMs = Date.parse("2026-03-02T10:10:00Z");
export const at = (time: string): string => `2026-03-02T${time}:00Z`;

export const rules: BookRules = {
  exchange,
  ...usualTimes,
  zones: new Set(["north", "south"]),
  fees: pathFees(0n, [{ from: "north", to: "south", fee: 10_000n }]),
};

export function exchangeOrder(more: Partial<ExchangeOrder> = {}): ExchangeOrder {
  return {
    v: 1,
    exchange,
    participant: alice.owner,
    orderId: "o1",
    revision: 1,
    side: "sell",
    start: at("10:30"),
    end: at("10:45"),
    wh: 1000,
    limit: "100000",
    zone: "north",
    validUntil: at("10:30"),
    ...more,
  };
}

/** A house with 2 kWh of surplus in each of eight slots from 10:15, and no store. */
export function exchangeForecast(more: Partial<ExchangeForecast> = {}): ExchangeForecast {
  return {
    v: 1,
    exchange,
    participant: alice.owner,
    time: at("10:00"),
    start: at("10:15"),
    slotMinutes: 15,
    netWh: [2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000],
    store: null,
    ...more,
  };
}

export const standingOf = (who: { signer: Wallet }, more: Partial<Standing> = {}): Standing => ({
  signer: addressOf(who.signer),
  forecast: exchangeForecast(),
  freeMicro: 10_000_000n,
  untoldSlots: 0,
  ...more,
});

export async function signed(order: ExchangeOrder, signer: Wallet = alice.signer): Promise<SignedOrder> {
  return { order, signature: await signOrder(signer, domain, order) };
}

/** A book that says what it makes of each order. */
export function exchangeBook(change: Partial<BookRules> = {}): {
  book: OrderBook;
  place(order: ExchangeOrder, options?: { who?: typeof alice; standing?: Partial<Standing>; at?: number }): Promise<string>;
} {
  const book = openBook({ ...rules, ...change });
  return {
    book,
    async place(order, { who = alice, standing = {}, at: when = nowMs } = {}) {
      const event: BookEvent | Refusal = checkOrder(book, await signed(order, who.signer), {
        domain,
        standing: standingOf(who, standing),
        nowMs: when,
      });
      if (event.is === "refused") return `${event.code}: ${event.message}`;
      applyEvent(book, event);
      return "placed";
    },
  };
}
