import type { AuctionResult, MeteredSlot } from "../../core/message/exchange-http.ts";
import type { ExchangeForecast, SignedForecast, SignedOrder } from "../../core/message/exchange-order.ts";
import type { ExchangeTrade } from "../../core/message/exchange-trade.ts";
import type { BookEvent } from "../exchange/order-book.ts";
import type { TradeLegs } from "../../settlement/record/trade-legs.ts";
import type { ExchangeDb } from "./open-exchange-database.ts";

/** A trade with its two legs, as an auction makes it. */
export interface MadeTrade {
  hash: string;
  trade: ExchangeTrade;
  legs: TradeLegs;
}

/** What an auction of a slot comes to. */
export interface MadeAuction {
  event: Extract<BookEvent, { is: "cleared" }>;
  trades: readonly MadeTrade[];
  result: AuctionResult;
}

/** One side of a trade; `seq`: of the record that settles it, null before. */
export interface StoredLeg {
  hash: string;
  side: "buy" | "sell";
  participant: string;
  orderHash: string;
  startMs: number;
  endMs: number;
  payer: string;
  amount: bigint;
  wh: number;
  seq: number | null;
}

/** Book, trades and results. Each call that writes is one transaction, on disk when it returns. */
export interface ExchangeStore {
  /** Events of slots that begin then or later, in their order. */
  events(fromMs: number): Promise<BookEvent[]>;
  forecasts(): Promise<ExchangeForecast[]>;
  saveForecast(signed: SignedForecast): Promise<void>;
  placed(event: Extract<BookEvent, { is: "placed" }>, signed: SignedOrder, atMs: number): Promise<void>;
  revoked(event: Extract<BookEvent, { is: "revoked" }>, startMs: number, atMs: number): Promise<void>;
  closed(event: Extract<BookEvent, { is: "closed" }>, atMs: number): Promise<void>;
  cleared(auction: MadeAuction, atMs: number): Promise<void>;
  signedOrder(hash: string): Promise<SignedOrder | null>;
  trade(hash: string): Promise<ExchangeTrade | null>;
  /** Legs of a participant in slots that end then or later, by slot, clearing and hash. */
  legs(participant: string, fromMs: number): Promise<StoredLeg[]>;
  /** Sum of what a participant owes by legs without a record, micro-units. */
  unrecordedOwed(participant: string): Promise<bigint>;
  results(fromMs: number): Promise<AuctionResult[]>;
  addMetered(participant: string, slots: readonly MeteredSlot[]): Promise<void>;
  metered(participant: string, startMs: number): Promise<MeteredSlot | null>;
  /** Forgets the orders of slots that began before, except those that were traded. */
  tidy(beforeMs: number): Promise<void>;
}

interface LegRow {
  hash: string;
  side: "buy" | "sell";
  participant: string;
  order_hash: string;
  start_ms: number;
  end_ms: number;
  payer: string;
  amount: string;
  wh: number;
  seq: number | null;
}

export function exchangeStore(db: ExchangeDb): ExchangeStore {
  const addEvent = db.prepare<[number, number, string]>("insert into event (start_ms, at_ms, body) values (?, ?, ?)");
  const eventsFrom = db.prepare<[number], { body: string }>("select body from event where start_ms >= ? order by id");
  const putForecast = db.prepare<[string, string]>("insert or replace into forecast (participant, body) values (?, ?)");
  const allForecasts = db.prepare<[], { body: string }>("select body from forecast");
  const addOrder = db.prepare<[string, number, string]>(
    "insert or ignore into signed_order (hash, start_ms, body) values (?, ?, ?)",
  );
  const orderAt = db.prepare<[string], { body: string }>("select body from signed_order where hash = ?");
  const addTrade = db.prepare<[string, number, number, number, string]>(
    "insert into trade (hash, start_ms, end_ms, cleared_ms, body) values (?, ?, ?, ?, ?)",
  );
  const tradeAt = db.prepare<[string], { body: string }>("select body from trade where hash = ?");
  const addLeg = db.prepare(
    `insert into leg (hash, side, participant, order_hash, start_ms, end_ms, cleared_ms, payer, amount, wh)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const legsOfOne = db.prepare<[string, number], LegRow>(
    "select * from leg where participant = ? and end_ms >= ? order by start_ms, cleared_ms, hash, side",
  );
  const owed = db.prepare<[string, string], { amount: string }>(
    "select amount from leg where participant = ? and seq is null and payer = ?",
  );
  const addResult = db.prepare<[number, number, string]>(
    "insert or replace into result (start_ms, cleared_ms, body) values (?, ?, ?)",
  );
  const resultsFrom = db.prepare<[number], { body: string }>(
    "select body from result where start_ms >= ? order by start_ms, cleared_ms limit 5000",
  );
  const putMetered = db.prepare(
    "insert or ignore into metered (participant, start_ms, end_ms, import_wh, export_wh) values (?, ?, ?, ?, ?)",
  );
  const meteredAt = db.prepare<[string, number], { start_ms: number; end_ms: number; import_wh: number; export_wh: number }>(
    "select * from metered where participant = ? and start_ms = ?",
  );
  const dropEvents = db.prepare<[number]>("delete from event where start_ms < ?");
  const dropOrders = db.prepare<[number]>(
    "delete from signed_order where start_ms < ? and hash not in (select order_hash from leg)",
  );
  /** A promise that settles once the transaction is on disk, or rejects with what it threw. */
  const durably = <T>(work: () => T): Promise<T> => new Promise((resolve) => resolve(db.transaction(work)()));
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    events: (fromMs) => durably(() => eventsFrom.all(fromMs).map(({ body }) => JSON.parse(body) as BookEvent)),
    forecasts: () => durably(() => allForecasts.all().map(({ body }) => (JSON.parse(body) as SignedForecast).forecast)),
    saveForecast: (signed) => durably(() => void putForecast.run(signed.forecast.participant, JSON.stringify(signed))),
    placed: (event, signed, atMs) =>
      durably(() => {
        const startMs = Date.parse(event.order.start);
        addOrder.run(event.hash, startMs, JSON.stringify(signed));
        addEvent.run(startMs, atMs, JSON.stringify(event));
      }),
    revoked: (event, startMs, atMs) => durably(() => void addEvent.run(startMs, atMs, JSON.stringify(event))),
    closed: (event, atMs) => durably(() => void addEvent.run(event.startMs, atMs, JSON.stringify(event))),
    cleared: ({ event, trades, result }, atMs) =>
      durably(() => {
        addEvent.run(event.startMs, atMs, JSON.stringify(event));
        addResult.run(event.startMs, atMs, JSON.stringify(result));
        for (const { hash, trade, legs } of trades) {
          const [startMs, endMs] = [Date.parse(trade.start), Date.parse(trade.end)];
          addTrade.run(hash, startMs, endMs, atMs, JSON.stringify(trade));
          for (const leg of [legs.buy, legs.sell]) {
            const order = leg.side === "buy" ? trade.buyOrder : trade.sellOrder;
            addLeg.run(hash, leg.side, leg.participant, order, startMs, endMs, atMs, leg.payer, String(leg.amount), leg.wh);
          }
        }
      }),
    signedOrder: (hash) => durably(() => parsed(orderAt.get(hash)) as SignedOrder | null),
    trade: (hash) => durably(() => parsed(tradeAt.get(hash)) as ExchangeTrade | null),
    legs: (participant, fromMs) => durably(() => legsOfOne.all(participant, fromMs).map(legOf)),
    unrecordedOwed: (participant) =>
      durably(() => owed.all(participant, participant).reduce((sum, { amount }) => sum + BigInt(amount), 0n)),
    results: (fromMs) => durably(() => resultsFrom.all(fromMs).map(({ body }) => JSON.parse(body) as AuctionResult)),
    addMetered: (participant, slots) =>
      durably(() => {
        for (const { start, end, importWh, exportWh } of slots)
          putMetered.run(participant, Date.parse(start), Date.parse(end), importWh, exportWh);
      }),
    metered: (participant, startMs) =>
      durably(() => {
        const row = meteredAt.get(participant, startMs);
        return row ? { start: iso(row.start_ms), end: iso(row.end_ms), importWh: row.import_wh, exportWh: row.export_wh } : null;
      }),
    tidy: (beforeMs) =>
      durably(() => {
        dropEvents.run(beforeMs);
        dropOrders.run(beforeMs);
      }),
  };
}

const parsed = (row: { body: string } | undefined): unknown => (row ? JSON.parse(row.body) : null);

const legOf = (row: LegRow): StoredLeg => ({
  hash: row.hash,
  side: row.side,
  participant: row.participant,
  orderHash: row.order_hash,
  startMs: row.start_ms,
  endMs: row.end_ms,
  payer: row.payer,
  amount: BigInt(row.amount),
  wh: row.wh,
  seq: row.seq,
});
