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
  /** The newest slot rows of this run above a number, at most so many, in order of seq. */
  newestSlots(afterSeq: number, limit: number): MeasurementItem[];
  /**
   * Gives up the oldest rows that are neither slots nor switchings, at most so many, and puts one row in their place that
   * says so; gives how many went.
   */
  giveUp(limit: number): number;
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
  // Both go by the primary key: a backlog of days must not be read through for each batch.
  const rowsOf = db.prepare<[string, number, number], { body: string }>(
    "select body from outbox where boot = ? and seq > ? order by seq limit ?",
  );
  const runAfter = db.prepare<[number], { id: string }>(
    `with recursive run (boot) as (
       select min(boot) from outbox
       union all select (select min(boot) from outbox where boot > run.boot) from run where run.boot is not null)
     select b.id from run join boot b on b.id = run.boot where b.ordinal > ? order by b.ordinal limit 1`,
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
      const itemsOf = (run: string, seq: number): MeasurementItem[] =>
        rowsOf.all(run, seq, limit).map(({ body }) => JSON.parse(body) as MeasurementItem);
      const same = after ? itemsOf(after.boot, after.seq) : [];
      if (after && same.length > 0) return { boot: after.boot, items: same };
      const run = runAfter.get(after ? (ordinalOf.get(after.boot)?.ordinal ?? 0) : 0)?.id;
      return run === undefined ? undefined : { boot: run, items: itemsOf(run, 0) };
    },
    newestSlots: (afterSeq, limit) =>
      slotsAbove
        .all(boot, afterSeq, limit)
        .map((row) => JSON.parse(row.body) as MeasurementItem)
        .toReversed(),
    giveUp: db.transaction((limit: number) => giveUpOldest(db, limit)),
    delivered: db.transaction((run: string, seq: number) => {
      receipted.run(seq, run);
      return remove.run(run, seq).changes;
    }),
    size: () => count.get()?.n ?? 0,
    added: () => last.get(boot)?.last_seq ?? 0,
    totals: () => totals.get() ?? { added: 0, delivered: 0 },
  };
}

/** The oldest run of neighbouring single readings becomes one gap; two gaps that meet become one in their turn. */
function giveUpOldest(db: Db, limit: number): number {
  const rows = db
    .prepare<[number], { boot: string; seq: number; body: string }>(
      `select o.boot, o.seq, o.body from outbox o join boot b on b.id = o.boot
       where o.body ->> 'kind' in ('sample', 'gap') order by b.ordinal, o.seq limit ?`,
    )
    .all(limit)
    .map(({ boot, seq, body }) => ({ boot, seq, item: JSON.parse(body) as Lossy }));
  // One that stands alone gives no room.
  const start = rows.findIndex((row, at) => follows(row, rows[at + 1]));
  const first = rows[start];
  if (!first) return 0;
  let end = start + 1;
  while (end < rows.length && follows(rows[end - 1], rows[end])) end++;
  const last = rows[end - 1] ?? first;
  const gap = {
    kind: "gap",
    seq: first.seq,
    through: throughOf(last),
    from: first.item.kind === "gap" ? first.item.from : first.item.at,
    to: last.item.kind === "gap" ? last.item.to : last.item.at,
    reason: "no room on the gateway's disk",
  } satisfies MeasurementItem;
  db.prepare("delete from outbox where boot = ? and seq between ? and ?").run(first.boot, first.seq, gap.through);
  db.prepare("insert into outbox values (?, ?, ?)").run(first.boot, first.seq, JSON.stringify(gap));
  return end - start - 1;
}

type Lossy = Extract<MeasurementItem, { kind: "sample" | "gap" }>;
interface LossyRow {
  boot: string;
  seq: number;
  item: Lossy;
}

const throughOf = ({ item, seq }: LossyRow): number => (item.kind === "gap" ? item.through : seq);
const follows = (one: LossyRow | undefined, other: LossyRow | undefined): boolean =>
  one !== undefined && other !== undefined && one.boot === other.boot && other.seq === throughOf(one) + 1;
