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
  /**
   * The same of trades that a record was signed for, and by the exchange's word of those whose records the journal has lost:
   * only what is paid for there may be taken off what the supplier bills.
   */
  settledPositions(fromMs: number): Map<number, Position>;
  /** End, in ms, of the oldest trade that was delivered before an instant and is in no record that both have signed. */
  unsettledSince(beforeMs: number): number | undefined;
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
  const settled = db.prepare<[string], { start: string; side: "buy" | "sell" | null; wh: number }>(
    `select body ->> 'start' as start, body ->> 'wh' as wh, coalesce(evidence -> 'trade' -> 'own' -> 'order' ->> 'side',
       (select side from exchange_trade where hash = body ->> 'ref')) as side
     from record where body ->> 'kind' = 'trade' and own_signature is not null and body ->> 'start' >= ?`,
  );
  const lostUntil = db.prepare<[], { end: string }>(
    `select max(body ->> 'end') as end from record where pair in (select pair from exchange_pair)
     group by pair having count(*) < max(seq)`,
  );
  const lost = db.prepare<[number, number], { start_ms: number; side: "buy" | "sell"; wh: number }>(
    `select start_ms, side, wh from exchange_trade where start_ms >= ? and end_ms <= ?
       and hash not in (select body ->> 'ref' from record where body ->> 'kind' = 'trade')`,
  );
  const unsettled = db.prepare<[number, number], { end_ms: number | null }>(
    `select min(end_ms) as end_ms from exchange_trade where end_ms <= ? and end_ms > ?
       and hash not in (select body ->> 'ref' from record where body ->> 'kind' = 'trade' and other_signature is not null)`,
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
  const lostUntilMs = (): number => Math.max(-Infinity, ...lostUntil.all().map(({ end }) => Date.parse(end)));
  return {
    saveTrades: db.transaction((trades: readonly OwnTrade[]) => {
      for (const { hash, trade, side } of trades)
        addTrade.run(hash, side, Date.parse(trade.start), Date.parse(trade.end), trade.wh, JSON.stringify(trade));
    }),
    positions: (fromMs) => summed(traded.all(fromMs).map(({ start_ms: startMs, side, wh }) => ({ startMs, side, wh }))),
    unsettledSince: (beforeMs) => unsettled.get(beforeMs, Math.max(0, lostUntilMs()))?.end_ms ?? undefined,
    settledPositions(fromMs) {
      const untilMs = lostUntilMs();
      const unseen = Number.isFinite(untilMs) ? lost.all(fromMs, untilMs) : [];
      return summed([
        ...settled.all(iso(fromMs)).map(({ start, side, wh }) => ({ startMs: Date.parse(start), side, wh })),
        ...unseen.map(({ start_ms: startMs, side, wh }) => ({ startMs, side, wh })),
      ]);
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

function summed(trades: readonly { startMs: number; side: "buy" | "sell" | null; wh: number }[]): Map<number, Position> {
  const found = new Map<number, Position>();
  for (const { startMs, side, wh } of trades) {
    if (side === null) continue;
    const at = found.get(startMs) ?? { soldWh: 0, boughtWh: 0 };
    found.set(startMs, side === "sell" ? { ...at, soldWh: at.soldWh + wh } : { ...at, boughtWh: at.boughtWh + wh });
  }
  return found;
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
