import type { MeasurementItem } from "../../core/message/measurements.ts";
import { giveUpOldest } from "./give-up-oldest.ts";
import type { Db } from "./open-database.ts";

type WithoutSeq<T> = T extends unknown ? Omit<T, "seq"> : never;
/** A row before it has its number. */
export type OutboxItem = WithoutSeq<MeasurementItem>;

/** Rows of one run of the agent, ready to be sent. */
export interface OutboxBatch {
  boot: string;
  items: MeasurementItem[];
}

/** What waits for the aggregator's signed receipt. A row leaves only by such a receipt. */
export interface Outbox {
  readonly boot: string;
  /** Numbers and keeps a row. Call inside the transaction that holds what the row tells of. */
  add(item: OutboxItem): void;
  /** The oldest rows after a place, all of one run; undefined when there are none. */
  next(after: { boot: string; seq: number } | undefined, limit: number): OutboxBatch | undefined;
  /** The newest slot rows of this run above a number, at most so many, in order of seq. */
  newestSlots(afterSeq: number, limit: number): MeasurementItem[];
  /**
   * Gives up the oldest rows that are neither slots nor switchings, at most so many, and puts one row in their place that
   * says so; gives how many went.
   */
  giveUp(limit: number): number;
  /**
   * All rows of a run up to seq are receipted; gives how many more that are. They count as gone at once, and leave the disk
   * with the next `letGo`: a receipt that costs no write of its own spares the card, and one that is lost with the power
   * only means that its rows are sent again.
   */
  delivered(boot: string, seq: number): number;
  /** Up to which number all rows of a run are receipted; 0 where none is. */
  receipted(boot: string): number;
  /** Deletes what is receipted; gives how many rows went. Call inside a transaction that is written anyway. */
  letGo(): number;
  /** Rows that wait. */
  size(): number;
  /** Rows added in this run. */
  added(): number;
  /** Rows ever added and ever receipted, over all runs. */
  totals(): { added: number; delivered: number };
}

/** So many receipted rows leave the disk at once: many deletions together would hold up the writes that they go with. */
const mostReceipted = 1000;

/** @param boot a new random UUID: numbers start at 1 for each run, so a lost tail is never numbered twice */
export function openOutbox(db: Db, boot: string, nowMs: number): Outbox {
  db.prepare("insert into boot (id, started_ms, ordinal) select ?, ?, coalesce(max(ordinal), 0) + 1 from boot").run(boot, nowMs);
  const insert = db.prepare("insert into outbox (boot, seq, body) values (?, ?, ?)");
  // Both go by the primary key: a backlog of days must not be read through for each batch.
  const rowsOf = db.prepare<[string, number, number], { body: string }>(
    "select body from outbox where boot = ? and seq > ? order by seq limit ?",
  );
  const runAfter = db.prepare<[number], { id: string; ordinal: number }>(
    `with recursive run (boot) as (
       select min(boot) from outbox
       union all select (select min(boot) from outbox where boot > run.boot) from run where run.boot is not null)
     select b.id, b.ordinal from run join boot b on b.id = run.boot where b.ordinal > ? order by b.ordinal limit 1`,
  );
  const slotsAbove = db.prepare<[string, number, number], { body: string }>(
    `select body from outbox where boot = ? and seq > ? and body ->> 'kind' = 'slot' order by seq desc limit ?`,
  );
  const ordinalOf = db.prepare<[string], { ordinal: number }>("select ordinal from boot where id = ?");
  const remove = db.prepare("delete from outbox where boot = ? and seq <= ?");
  // The number lives in the database alone: with a transaction that is rolled back its numbers go too, so there is no gap.
  const number = db.prepare<[string], { last_seq: number }>(
    "update boot set last_seq = last_seq + 1 where id = ? returning last_seq",
  );
  const standing = db.prepare<[string], { last_seq: number; delivered_seq: number }>(
    "select last_seq, delivered_seq from boot where id = ?",
  );
  const setDelivered = db.prepare("update boot set delivered_seq = ? where id = ?");
  const totals = db.prepare<[], { added: number; delivered: number }>(
    "select coalesce(sum(last_seq), 0) as added, coalesce(sum(delivered_seq), 0) as delivered from boot",
  );
  const count = db.prepare<[], { n: number }>("select count(*) as n from outbox");
  const countBetween = db.prepare<[string, number, number], { n: number }>(
    "select count(*) as n from outbox where boot = ? and seq > ? and seq <= ?",
  );
  const shortenGap = db.prepare(
    `update outbox set seq = @from, body = json_set(body, '$.seq', @from)
     where boot = @run and seq = (select max(seq) from outbox where boot = @run and seq < @from)
       and body ->> 'kind' = 'gap' and body ->> 'through' >= @from`,
  );
  /** Newest receipt of each run. It stays when it is written, as that transaction may yet be rolled back. */
  const receipts = new Map<string, number>();
  const receiptOf = (run: string): number => receipts.get(run) ?? 0;
  /** Receipts that the database does not know, and what it knows. */
  const unwritten = (): { run: string; seq: number; knownSeq: number }[] =>
    [...receipts]
      .map(([run, seq]) => ({ run, seq, knownSeq: standing.get(run)?.delivered_seq ?? seq }))
      .filter(({ seq, knownSeq }) => seq > knownSeq);
  const receiptedRows = (): number => unwritten().reduce((sum, { run, seq }) => sum + (countBetween.get(run, 0, seq)?.n ?? 0), 0);
  const letGo = db.transaction((): number => {
    let rows = 0;
    for (const { run, seq } of unwritten()) {
      setDelivered.run(seq, run);
      rows += remove.run(run, seq).changes;
    }
    return rows;
  });
  return {
    boot,
    add: db.transaction((item: OutboxItem) => {
      const seq = number.get(boot)?.last_seq ?? 1;
      insert.run(boot, seq, JSON.stringify({ ...item, seq }));
    }),
    next(after, limit) {
      const itemsOf = (run: string, seq: number): MeasurementItem[] =>
        rowsOf.all(run, Math.max(seq, receiptOf(run)), limit).map(({ body }) => JSON.parse(body) as MeasurementItem);
      const same = after ? itemsOf(after.boot, after.seq) : [];
      if (after && same.length > 0) return { boot: after.boot, items: same };
      let ordinal = after ? (ordinalOf.get(after.boot)?.ordinal ?? 0) : 0;
      for (;;) {
        const run = runAfter.get(ordinal);
        if (!run) return undefined;
        const items = itemsOf(run.id, 0);
        if (items.length > 0) return { boot: run.id, items };
        ordinal = run.ordinal;
      }
    },
    newestSlots: (afterSeq, limit) =>
      slotsAbove
        .all(boot, Math.max(afterSeq, receiptOf(boot)), limit)
        .map((row) => JSON.parse(row.body) as MeasurementItem)
        .toReversed(),
    giveUp: db.transaction((limit: number) => {
      // A gap must not begin with a row that is receipted: all of it would count as receipted.
      letGo();
      return giveUpOldest(db, limit);
    }),
    delivered(run, seq) {
      const { last_seq: lastSeq, delivered_seq: knownSeq } = standing.get(run) ?? { last_seq: 0, delivered_seq: 0 };
      const [fromSeq, uptoSeq] = [Math.max(receiptOf(run), knownSeq), Math.min(seq, lastSeq)];
      if (uptoSeq <= fromSeq) return 0;
      const rows = countBetween.get(run, fromSeq, uptoSeq)?.n ?? 0;
      try {
        // Rows may have become a gap while they were under way: what of it no receipt covers must not go with them.
        shortenGap.run({ run, from: uptoSeq + 1 });
      } catch {
        // Not taken: the rows are sent again, and with them comes another receipt.
        return 0;
      }
      receipts.set(run, uptoSeq);
      try {
        if (receiptedRows() > mostReceipted) letGo();
      } catch {
        // Whatever ails the disk, the receipt is known; the next batch of readings deals with that.
        return rows;
      }
      return rows;
    },
    receipted: (run) => Math.max(receiptOf(run), standing.get(run)?.delivered_seq ?? 0),
    letGo,
    size: () => (count.get()?.n ?? 0) - receiptedRows(),
    added: () => standing.get(boot)?.last_seq ?? 0,
    totals() {
      const { added, delivered } = totals.get() ?? { added: 0, delivered: 0 };
      return { added, delivered: unwritten().reduce((sum, { seq, knownSeq }) => sum + seq - knownSeq, delivered) };
    },
  };
}
