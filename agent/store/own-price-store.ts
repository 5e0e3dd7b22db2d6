import type { PriceStep } from "../prices/market-prices.ts";
import type { Db } from "./open-database.ts";

/** A price that the agent fetched itself, and where from. */
export interface OwnPrice extends PriceStep {
  currency: string;
  /** Provider and zone. */
  source: string;
}

/** Prices that the agent fetched itself, apart from those that the aggregator signed. None over another. */
export interface OwnPriceStore {
  /**
   * Takes in what came. An interval that has begun keeps the price it has; one that is still to come gets the new one.
   * @returns how many were new or changed
   */
  save(prices: readonly OwnPrice[], nowMs: number): number;
  /** Those that cover some of [from, to), oldest first. */
  read(fromMs: number, toMs: number): OwnPrice[];
  /** Where the newest in a currency ends; null without one. */
  until(currency: string): number | null;
}

interface Row {
  start_ms: number;
  end_ms: number;
  micro: string;
  taxed_micro: string | null;
  currency: string;
  source: string;
}

/** These in the agent's database. */
export function ownPriceStore(db: Db): OwnPriceStore {
  const overlapping = db.prepare<[number, number], Row>(
    "select * from own_price where start_ms < ? and end_ms > ? order by start_ms",
  );
  const drop = db.prepare("delete from own_price where start_ms = ?");
  const insert = db.prepare("insert into own_price values (?, ?, ?, ?, ?, ?)");
  const newest = db.prepare<[string], { end: number | null }>("select max(end_ms) as end from own_price where currency = ?");
  const saveAll = db.transaction((prices: readonly OwnPrice[], nowMs: number): number => {
    let count = 0;
    for (const price of prices) {
      const there = overlapping.all(price.endMs, price.startMs);
      if (there.some((row) => row.start_ms <= nowMs) || (there.length === 1 && there[0] && isSame(there[0], price))) continue;
      for (const { start_ms: start } of there) drop.run(start);
      const taxed = price.taxedMicroPerKwh === null ? null : String(price.taxedMicroPerKwh);
      insert.run(price.startMs, price.endMs, String(price.microPerKwh), taxed, price.currency, price.source);
      count++;
    }
    return count;
  });
  return {
    save: (prices, nowMs) => saveAll(prices, nowMs),
    read: (fromMs, toMs) => overlapping.all(toMs, fromMs).map(priceOf),
    until: (currency) => newest.get(currency)?.end ?? null,
  };
}

function priceOf(row: Row): OwnPrice {
  return {
    startMs: row.start_ms,
    endMs: row.end_ms,
    microPerKwh: BigInt(row.micro),
    taxedMicroPerKwh: row.taxed_micro === null ? null : BigInt(row.taxed_micro),
    currency: row.currency,
    source: row.source,
  };
}

function isSame(row: Row, price: OwnPrice): boolean {
  const had = priceOf(row);
  return (
    had.startMs === price.startMs &&
    had.endMs === price.endMs &&
    had.microPerKwh === price.microPerKwh &&
    had.taxedMicroPerKwh === price.taxedMicroPerKwh &&
    had.currency === price.currency &&
    had.source === price.source
  );
}
