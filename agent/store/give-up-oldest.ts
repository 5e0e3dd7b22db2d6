import type { MeasurementItem } from "../../core/message/measurements.ts";
import type { Db } from "./open-database.ts";

/**
 * Of the rows that wait in the outbox the oldest run of neighbouring single readings, at most so many, becomes one gap; two
 * gaps that meet become one in their turn. Gives how many rows went. Call inside a transaction.
 */
export function giveUpOldest(db: Db, limit: number): number {
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
