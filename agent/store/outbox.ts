import type { MeasurementItem } from "../../core/message/measurements.ts";
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
  /** Drops all rows of a run up to seq; gives how many there were. */
  delivered(boot: string, seq: number): number;
  /** Rows that wait. */
  size(): number;
  /** Rows added in this run. */
  added(): number;
  /** Rows ever added and ever receipted, over all runs. */
  totals(): { added: number; delivered: number };
}

/** @param boot a new random UUID: numbers start at 1 for each run, so a lost tail is never numbered twice */
export function openOutbox(db: Db, boot: string, nowMs: number): Outbox {
  db.prepare("insert into boot (id, started_ms, ordinal) select ?, ?, coalesce(max(ordinal), 0) + 1 from boot").run(boot, nowMs);
  const insert = db.prepare("insert into outbox (boot, seq, body) values (?, ?, ?)");
  const first = db.prepare<[number, number, string, number, number], { boot: string; seq: number; body: string }>(
    `select o.boot, o.seq, o.body from outbox o join boot b on b.id = o.boot
     where b.ordinal > ? or (b.ordinal = ? and o.boot = ? and o.seq > ?)
     order by b.ordinal, o.seq limit ?`,
  );
  const ordinalOf = db.prepare<[string], { ordinal: number }>("select ordinal from boot where id = ?");
  const remove = db.prepare("delete from outbox where boot = ? and seq <= ?");
  // The number lives in the database alone: with a transaction that is rolled back its numbers go too, so there is no gap.
  const number = db.prepare<[string], { last_seq: number }>(
    "update boot set last_seq = last_seq + 1 where id = ? returning last_seq",
  );
  const last = db.prepare<[string], { last_seq: number }>("select last_seq from boot where id = ?");
  const receipted = db.prepare("update boot set delivered_seq = max(delivered_seq, min(?, last_seq)) where id = ?");
  const totals = db.prepare<[], { added: number; delivered: number }>(
    "select coalesce(sum(last_seq), 0) as added, coalesce(sum(delivered_seq), 0) as delivered from boot",
  );
  const count = db.prepare<[], { n: number }>("select count(*) as n from outbox");
  return {
    boot,
    add: db.transaction((item: OutboxItem) => {
      const seq = number.get(boot)?.last_seq ?? 1;
      insert.run(boot, seq, JSON.stringify({ ...item, seq }));
    }),
    next(after, limit) {
      const ordinal = after ? (ordinalOf.get(after.boot)?.ordinal ?? 0) : 0;
      const rows = first.all(ordinal, ordinal, after?.boot ?? "", after?.seq ?? 0, limit);
      const run = rows[0]?.boot;
      if (run === undefined) return undefined;
      return { boot: run, items: rows.filter((row) => row.boot === run).map((row) => JSON.parse(row.body) as MeasurementItem) };
    },
    delivered: db.transaction((run: string, seq: number) => {
      receipted.run(seq, run);
      return remove.run(run, seq).changes;
    }),
    size: () => count.get()?.n ?? 0,
    added: () => last.get(boot)?.last_seq ?? 0,
    totals: () => totals.get() ?? { added: 0, delivered: 0 },
  };
}
