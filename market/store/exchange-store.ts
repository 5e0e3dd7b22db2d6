import type { AllocationsDown, AuctionResult, MeteredSlot } from "../../core/message/exchange-http.ts";
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

/** One side of a trade; `seq`: of the record that settles it, null before. What a person left out is no leg any more. */
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

/** What was traded and not all done. */
export interface Deviated {
  startMs: number;
  endMs: number;
  side: "buy" | "sell";
  tradedWh: number;
  doneWh: number;
  /** Hashes of the trades, in rising order. */
  trades: string[];
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
  /** When the last auction was held, ms; null before the first. */
  lastAuction(): Promise<number | null>;
  auctionHeld(atMs: number): Promise<void>;
  signedOrder(hash: string): Promise<SignedOrder | null>;
  trade(hash: string): Promise<ExchangeTrade | null>;
  /** Legs of a participant in slots that end then or later, by slot, clearing and hash. */
  legs(participant: string, fromMs: number): Promise<StoredLeg[]>;
  /** The leg without a record whose slot ended first, by then. */
  nextOpenLeg(participant: string, nowMs: number): Promise<StoredLeg | null>;
  /** The first side of a slot from then on of which less was done than traded, where all is known and nothing was corrected. */
  nextDeviation(participant: string, fromMs: number): Promise<Deviated | null>;
  /** How many slots with trades of a participant ended in (from, to] and have no meter totals. */
  untoldSlots(participant: string, span: { fromMs: number; toMs: number }): Promise<number>;
  /** Sum of what a participant owes by legs without a record, micro-units. */
  unrecordedOwed(participant: string): Promise<bigint>;
  /** Energy that a participant traded in slots that begin in [from, to) and ended by then. */
  allocations(participant: string, span: { fromMs: number; toMs: number }): Promise<AllocationsDown["items"]>;
  /** Auctions of slots that begin then or later, by slot and clearing; where there are too many, those that were held last. */
  results(fromMs: number): Promise<AuctionResult[]>;
  /** Keeps what a participant metered in slots in which it traded; what it told first stands. */
  addMetered(participant: string, slots: readonly MeteredSlot[]): Promise<void>;
  /** Forgets the orders of slots that began before, except those that were traded. */
  tidy(beforeMs: number): Promise<void>;
}

/** So many auctions are shown at once: of two days of slots each has its newest ones among them. */
const mostResults = 5000;

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

interface DeviatedRow {
  start_ms: number;
  end_ms: number;
  side: "buy" | "sell";
  traded: number;
  done: number;
  hashes: string;
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
    "select * from leg where participant = ? and end_ms >= ? and (seq is null or seq > 0) order by start_ms, cleared_ms, hash, side",
  );
  const openLeg = db.prepare<[string, number], LegRow>(
    `select * from leg where participant = ? and seq is null and end_ms <= ? order by end_ms, cleared_ms, hash, side limit 1`,
  );
  const deviated = db.prepare<[string, number], DeviatedRow>(
    `select l.start_ms, l.end_ms, l.side, sum(l.wh) as traded, group_concat(l.hash) as hashes,
       min(sum(l.wh), max(case l.side when 'sell' then m.export_wh else m.import_wh end)) as done
     from leg l
       join metered m on m.participant = l.participant and m.start_ms = l.start_ms
       left join correction c on c.participant = l.participant and c.start_ms = l.start_ms and c.side = l.side
     where l.participant = ? and l.end_ms >= ? and c.seq is null and (l.seq is null or l.seq > 0)
     group by l.start_ms, l.end_ms, l.side
     having count(*) = count(l.seq) and traded > done order by l.start_ms, l.side desc limit 1`,
  );
  const untold = db.prepare<[string, number, number], { slots: number }>(
    `select count(distinct l.start_ms) as slots
     from leg l left join metered m on m.participant = l.participant and m.start_ms = l.start_ms
     where l.participant = ? and l.end_ms > ? and l.end_ms <= ? and (l.seq is null or l.seq > 0) and m.start_ms is null`,
  );
  const owed = db.prepare<[string, string], { amount: string }>(
    "select amount from leg where participant = ? and seq is null and payer = ?",
  );
  const sums = db.prepare<[string, number, number], { start_ms: number; end_ms: number; bought: number; sold: number }>(
    `select start_ms, end_ms, sum(case side when 'buy' then wh else 0 end) as bought,
       sum(case side when 'sell' then wh else 0 end) as sold
     from leg where participant = ? and start_ms >= ? and start_ms < ? and (seq is null or seq > 0) group by start_ms, end_ms order by start_ms`,
  );
  const addResult = db.prepare<[number, number, string]>(
    "insert or replace into result (start_ms, cleared_ms, body) values (?, ?, ?)",
  );
  const resultsFrom = db.prepare<[number], { body: string }>(
    `select body from (select * from result where start_ms >= ? order by cleared_ms desc, start_ms desc limit ${mostResults})
     order by start_ms, cleared_ms`,
  );
  const heldAt = db.prepare<[], { at_ms: number }>("select at_ms from due where what = 'auction'");
  const putHeld = db.prepare<[number]>("insert or replace into due (what, at_ms) values ('auction', ?)");
  const putMetered = db.prepare(
    `insert or ignore into metered (participant, start_ms, end_ms, import_wh, export_wh)
     select @participant, @startMs, @endMs, @importWh, @exportWh
     where exists (select 1 from leg where participant = @participant and start_ms = @startMs and end_ms = @endMs)`,
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
    lastAuction: () => durably(() => heldAt.get()?.at_ms ?? null),
    auctionHeld: (atMs) => durably(() => void putHeld.run(atMs)),
    signedOrder: (hash) => durably(() => parsed(orderAt.get(hash)) as SignedOrder | null),
    trade: (hash) => durably(() => parsed(tradeAt.get(hash)) as ExchangeTrade | null),
    legs: (participant, fromMs) => durably(() => legsOfOne.all(participant, fromMs).map(legOf)),
    nextOpenLeg: (participant, nowMs) =>
      durably(() => {
        const row = openLeg.get(participant, nowMs);
        return row ? legOf(row) : null;
      }),
    nextDeviation: (participant, fromMs) =>
      durably(() => {
        const row = deviated.get(participant, fromMs);
        if (!row) return null;
        const { start_ms: startMs, end_ms: endMs, side, traded: tradedWh, done: doneWh, hashes } = row;
        return { startMs, endMs, side, tradedWh, doneWh, trades: hashes.split(",").toSorted() };
      }),
    untoldSlots: (participant, { fromMs, toMs }) => durably(() => untold.get(participant, fromMs, toMs)?.slots ?? 0),
    unrecordedOwed: (participant) =>
      durably(() => owed.all(participant, participant).reduce((sum, { amount }) => sum + BigInt(amount), 0n)),
    allocations: (participant, { fromMs, toMs }) =>
      durably(() =>
        sums.all(participant, fromMs, toMs).map((row) => ({
          start: iso(row.start_ms),
          end: iso(row.end_ms),
          boughtWh: row.bought,
          soldWh: row.sold,
        })),
      ),
    results: (fromMs) => durably(() => resultsFrom.all(fromMs).map(({ body }) => JSON.parse(body) as AuctionResult)),
    addMetered: (participant, slots) =>
      durably(() => {
        for (const { start, end, importWh, exportWh } of slots)
          putMetered.run({ participant, startMs: Date.parse(start), endMs: Date.parse(end), importWh, exportWh });
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
