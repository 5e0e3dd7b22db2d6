import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { AuctionResult, OrdersDown, OwnDown, Taken } from "../../core/message/exchange-http.ts";
import type { SignedForecast, SignedOrder, SignedRevocation } from "../../core/message/exchange-order.ts";
import type { SettlementDomain } from "../../settlement/record/domain.ts";
import { legsOf, tradeHash } from "../../settlement/record/trade-legs.ts";
import type { ExchangeStore, MadeTrade } from "../store/exchange-store.ts";
import { checkForecast } from "../exchange/check-forecast.ts";
import { checkOrder, checkRevocation, mostUntoldSlots, type Refusal } from "../exchange/check-order.ts";
import type { AuctionTrade, Clearing } from "../exchange/call-auction.ts";
import { applyEvent, type BookRules, clearSlot, closeSlot, openBook, openWh, ordersOf, slotsAt } from "../exchange/order-book.ts";
import { orderReserve } from "../exchange/order-reserve.ts";
import { tradeOf } from "../exchange/trade.ts";
import type { Standings } from "./standings.ts";

/** The running exchange: takes orders into sealed books and clears them. */
export interface ExchangeDesk {
  /** Takes what a participant sends, each for itself. @throws AppError chain-unreachable, temporary */
  take(up: {
    forecast?: SignedForecast;
    revocations: readonly SignedRevocation[];
    orders: readonly SignedOrder[];
  }): Promise<OrdersDown>;
  /** Holds the auction that is due, if one is: each full period has one. */
  tick(): Promise<void>;
  /** What a participant may see before others: its own orders and trades. */
  own(participant: string): Promise<OwnDown>;
  results(fromMs: number): Promise<AuctionResult[]>;
}

/** So many orders of one participant stand in the book, those that are over included. */
const mostOrders = 5000;
/** Badly signed orders and revocations of one request; the others are not looked at any more. */
const mostForged = 3;
const forgedCodes: ReadonlySet<string> = new Set(["market-order-bad-signature", "market-order-wrong-signer"]);
const notRead: Refusal = {
  is: "refused",
  code: "market-order-not-read",
  message: `${mostForged} before it in the same request are badly signed; send it without them`,
};
/** Orders stay this long after their slot: trades of it are still to be settled from the table of trades. */
const keptMs = 2 * 86_400_000;

/** Opens the book as its events left it. */
export async function exchangeDesk(parts: {
  rules: BookRules;
  domain: SettlementDomain;
  store: ExchangeStore;
  standings: Standings;
  clock: Clock;
  log: Log;
}): Promise<ExchangeDesk> {
  const { rules, domain, store, standings, clock, log } = parts;
  const book = openBook(rules);
  for (const event of await store.events(clock.now() - keptMs)) applyEvent(book, event);
  // One that came due while nothing ran is held late: it may be the last one of a slot.
  let clearedAtMs = (await store.lastAuction()) ?? Math.floor(clock.now() / rules.everyMs) * rules.everyMs;
  const inTurn = queue();

  const takeForecast = async (signed: SignedForecast): Promise<Taken> => {
    const { participant } = signed.forecast;
    const { signer } = await standings.of(participant);
    const previous = standings.forecast(participant);
    const checked = checkForecast(signed, { domain, rules, signer, previous, nowMs: clock.now() });
    if (checked.is === "refused") return refused(checked);
    await store.saveForecast(signed);
    standings.takeForecast(checked.forecast);
    return taken(null);
  };
  const revoke = async (signed: SignedRevocation): Promise<Taken> => {
    const standing = await standings.of(signed.revocation.participant);
    const event = checkRevocation(book, signed, { domain, standing });
    if (event.is === "refused") return refused(event);
    await store.revoked(event, book.orders.get(event.hash)?.startMs ?? 0, clock.now());
    applyEvent(book, event);
    return taken(event.hash);
  };
  const place = async (signed: SignedOrder): Promise<Taken> => {
    const { participant } = signed.order;
    const standing = await standings.of(participant);
    if ((book.byParticipant.get(participant)?.size ?? 0) >= mostOrders)
      return refused({ is: "refused", code: "market-order-too-many", message: `${mostOrders} orders stand in the book` });
    const event = checkOrder(book, signed, { domain, standing, nowMs: clock.now() });
    if (event.is === "refused") return refused(event);
    await store.placed(event, signed, clock.now());
    applyEvent(book, event);
    return taken(event.hash);
  };
  /** Anybody may send: who signs for nobody costs a few checks of signatures, and holds up neither others nor the auction. */
  const signedOnes = async (
    revocations: readonly SignedRevocation[],
    orders: readonly SignedOrder[],
  ): Promise<Pick<OrdersDown, "revocations" | "orders">> => {
    let forged = 0;
    const looked =
      <T>(work: (one: T) => Promise<Taken>) =>
      async (one: T): Promise<Taken> => {
        if (forged >= mostForged) return refused(notRead);
        const told = await work(one);
        if (told.code !== null && forgedCodes.has(told.code)) forged++;
        return told;
      };
    return { revocations: await eachOf(revocations, looked(revoke)), orders: await eachOf(orders, looked(place)) };
  };
  /**
   * Whose open orders its escrow does not cover any more, or whose meter totals are missing; without an answer of the chain at any
   * time that is everybody.
   */
  const shortOf = async (): Promise<Set<string>> => {
    const short = new Set<string>();
    for (const participant of book.byParticipant.keys()) {
      const open = ordersOf(book, participant).filter((one) => openWh(one) > 0);
      if (open.length === 0) continue;
      const needed = open.reduce((sum, one) => sum + orderReserve(one.order, openWh(one)), 0n);
      const standing = await standings.fresh(participant);
      const isTold = (standing?.untoldSlots ?? 0) <= mostUntoldSlots;
      if (standing && standing.signer !== null && needed <= standing.freeMicro && isTold) continue;
      short.add(participant);
      log.warn(
        { participant, needed: String(needed), free: String(standing?.freeMicro ?? "unknown"), untold: standing?.untoldSlots },
        "orders are left out: escrow, key or meter totals are missing",
      );
    }
    return short;
  };
  const clear = async (startMs: number, atMs: number, short: ReadonlySet<string>): Promise<void> => {
    const { clearing, event } = clearSlot(book, startMs, atMs, (participant) => !short.has(participant));
    const slot = { exchange: rules.exchange, clearedMs: atMs, startMs, endMs: startMs + rules.slotMinutes * 60_000 };
    const trades = merged(clearing.trades).map((one): MadeTrade => {
      const trade = tradeOf(one, slot);
      return { hash: tradeHash(trade), trade, legs: legsOf(trade, { buyer: one.buy.participant, seller: one.sell.participant }) };
    });
    // Nothing to keep and nothing to show: two days of slots are cleared each few minutes.
    if (trades.length === 0) return;
    await store.cleared({ event, trades, result: resultOf(clearing, startMs, atMs) }, atMs);
    applyEvent(book, event);
    log.info({ slot: iso(startMs), trades: trades.length, wh: clearing.volumeWh }, "auction");
  };
  const auction = async (atMs: number): Promise<void> => {
    const { toClear, toClose } = slotsAt(book, atMs);
    const short = toClear.length > 0 ? await shortOf() : new Set<string>();
    for (const startMs of toClear) await clear(startMs, atMs, short);
    for (const startMs of toClose) {
      const { event } = closeSlot(book, startMs);
      await store.closed(event, clock.now());
      applyEvent(book, event);
    }
    if (toClose.length > 0) await store.tidy(atMs - keptMs);
  };
  return {
    take: ({ forecast, revocations, orders }) =>
      inTurn(async () => ({
        forecast: forecast ? await takeForecast(forecast) : null,
        ...(await signedOnes(revocations, orders)),
      })),
    tick: () =>
      inTurn(async () => {
        const dueMs = Math.floor(clock.now() / rules.everyMs) * rules.everyMs;
        if (dueMs <= clearedAtMs) return;
        await auction(dueMs);
        await store.auctionHeld(dueMs);
        clearedAtMs = dueMs;
      }),
    async own(participant) {
      const orders = ordersOf(book, participant).map(({ hash, order, tradedWh, state }) => ({ hash, order, tradedWh, state }));
      const legs = await store.legs(participant, clock.now());
      const trades = await eachOf(legs, async ({ hash, side, seq }) => {
        const trade = await store.trade(hash);
        return trade ? [{ hash, trade, side, record: seq }] : [];
      });
      const open = ordersOf(book, participant).reduce((sum, one) => sum + orderReserve(one.order, openWh(one)), 0n);
      const { freeMicro } = await standings.of(participant);
      return { orders, trades: trades.flat(), free: String(freeMicro - open) };
    },
    results: (fromMs) => store.results(fromMs),
  };
}

/** One after the other, whatever each comes to. */
function queue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}

async function eachOf<T, R>(list: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const one of list) results.push(await work(one));
  return results;
}

/** Two orders trade once in an auction: their hashes and the time name the trade. */
function merged(trades: readonly AuctionTrade[]): AuctionTrade[] {
  const found = new Map<string, AuctionTrade>();
  for (const trade of trades) {
    const key = `${trade.sell.hash} ${trade.buy.hash}`;
    const before = found.get(key);
    found.set(key, before ? { ...trade, wh: before.wh + trade.wh } : trade);
  }
  return [...found.values()];
}

function resultOf({ zones, volumeWh }: Clearing, startMs: number, atMs: number): AuctionResult {
  const text = (price: bigint | null): string | null => (price === null ? null : String(price));
  return {
    start: iso(startMs),
    clearedAt: iso(atMs),
    volumeWh,
    zones: zones.map(({ zone, sell, buy }) => ({ zone, sell: text(sell), buy: text(buy) })),
  };
}

const taken = (hash: string | null): Taken => ({ taken: true, hash, code: null, message: null });
const refused = ({ code, message }: Refusal): Taken => ({ taken: false, hash: null, code, message });
