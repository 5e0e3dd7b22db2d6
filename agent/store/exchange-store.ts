import { iso } from "../../core/clock/clock.ts";
import type { OwnTrade } from "../../core/message/exchange-http.ts";
import { type PriceSeries, priceAt } from "../../core/message/price-series.ts";
import type { Position } from "../exchange/wishes.ts";
import type { Db } from "./open-database.ts";
import type { HoldStore } from "./settlement-hold.ts";

/** What the agent keeps of its exchange: trades, what it has told of them, and balancing prices. */
export interface ExchangeStore {
  saveTrades(trades: readonly OwnTrade[]): void;
  /** Energy traded in slots that begin then or later, by start. */
  positions(fromMs: number): Map<number, Position>;
  /** Slots with trades that ended in a span and whose meter totals were not told yet. */
  untold(fromMs: number, toMs: number): { startMs: number; endMs: number }[];
  told(startMs: readonly number[]): void;
  /** Prices that were announced first count. */
  savePrices(series: readonly PriceSeries[], nowMs: number): void;
  pricesAt(atMs: number): PriceSeries | null;
}

export function exchangeStore(db: Db): ExchangeStore {
  const addTrade = db.prepare(
    "insert or ignore into exchange_trade (hash, side, start_ms, end_ms, wh, is_told, body) values (?, ?, ?, ?, ?, 0, ?)",
  );
  const traded = db.prepare<[number], { start_ms: number; side: "buy" | "sell"; wh: number }>(
    "select start_ms, side, sum(wh) as wh from exchange_trade where start_ms >= ? group by start_ms, side",
  );
  const untold = db.prepare<[number, number], { start_ms: number; end_ms: number }>(
    "select distinct start_ms, end_ms from exchange_trade where is_told = 0 and end_ms > ? and end_ms <= ? order by start_ms limit 400",
  );
  const tell = db.prepare<[number]>("update exchange_trade set is_told = 1 where start_ms = ?");
  const addPrices = db.prepare("insert or ignore into exchange_price (start_ms, end_ms, body) values (?, ?, ?)");
  const prices = db.prepare<[number, number], { body: string }>(
    "select body from exchange_price where start_ms <= ? and end_ms > ? order by id",
  );
  const known = db.prepare<[string], { n: number }>("select count(*) as n from exchange_price where body = ?");
  return {
    saveTrades: db.transaction((trades: readonly OwnTrade[]) => {
      for (const { hash, trade, side } of trades)
        addTrade.run(hash, side, Date.parse(trade.start), Date.parse(trade.end), trade.wh, JSON.stringify(trade));
    }),
    positions(fromMs) {
      const found = new Map<number, Position>();
      for (const { start_ms: startMs, side, wh } of traded.all(fromMs)) {
        const at = found.get(startMs) ?? { soldWh: 0, boughtWh: 0 };
        found.set(startMs, side === "sell" ? { ...at, soldWh: wh } : { ...at, boughtWh: wh });
      }
      return found;
    },
    untold: (fromMs, toMs) => untold.all(fromMs, toMs).map((row) => ({ startMs: row.start_ms, endMs: row.end_ms })),
    told: db.transaction((starts: readonly number[]) => {
      for (const startMs of starts) tell.run(startMs);
    }),
    savePrices: db.transaction((series: readonly PriceSeries[], nowMs: number) => {
      for (const one of series) {
        const body = JSON.stringify(one);
        const startMs = Date.parse(one.start);
        const endMs = startMs + one.importPerKwh.length * one.stepS * 1000;
        if (endMs > nowMs && (known.get(body)?.n ?? 0) === 0) addPrices.run(startMs, endMs, body);
      }
    }),
    pricesAt: (atMs) =>
      prices
        .all(atMs, atMs)
        .map(({ body }) => JSON.parse(body) as PriceSeries)
        .find((one) => priceAt(one, "import", atMs) !== undefined) ?? null,
  };
}

/**
 * The hold on signing with the exchange: until the newest co-signed records of its pair were seen in this database, or seen to be
 * none. A new database has not, nor has one that came back from a copy.
 */
export function exchangeHold(db: Db, pair: string, clock: { now: () => number }): HoldStore {
  const seen = db.prepare<[string], { n: number }>("select count(*) as n from exchange_pair where pair = ?");
  const lift = db.prepare("insert or ignore into exchange_pair (pair, lifted_ms) values (?, ?)");
  return {
    held: () =>
      (seen.get(pair)?.n ?? 0) > 0
        ? null
        : { reason: `the newest records with the exchange are not known here (${iso(clock.now())})`, sinceMs: clock.now() },
    lift: () => void lift.run(pair, clock.now()),
  };
}
