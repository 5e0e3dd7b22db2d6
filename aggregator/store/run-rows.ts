import type { Kysely } from "kysely";
import type { GapItem, Measurements } from "../../core/message/measurements.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;
interface Run {
  site: string;
  boot: string;
}
/** First and last number of rows that are there, or that will not come. */
export type Span = readonly [number, number];

const pageRows = 1000;
/** Of rows that the home has a receipt for. */
const lostReason = "receipted before, not in this database";

/**
 * Rows that the home has a receipt for and this database does not have: it was restored from a backup, or is another one.
 * They lie between the newest slot that is known and what came now.
 */
export async function lostRows(tx: Db, { site }: Run, fromSeq: number, message: Measurements): Promise<Omit<GapItem, "kind">> {
  const [first] = message.items;
  const to = first === undefined ? "" : first.kind === "slot" ? first.start : first.kind === "gap" ? first.from : first.at;
  const newest = await tx
    .selectFrom("item")
    .select((eb) => eb.fn.max("end_ms").as("end_ms"))
    .where("site", "=", site)
    .where("role", "=", "grid")
    .where("end_ms", "<=", Date.parse(to))
    .executeTakeFirst();
  const fromMs = newest?.end_ms ?? Date.parse(to);
  const from = new Date(Number(fromMs)).toISOString();
  return { seq: fromSeq, through: message.receipted ?? fromSeq, from, to, reason: lostReason };
}

/** How many rows are kept above a number. */
export async function slotsFarAhead(tx: Db, { site, boot }: Run, aboveSeq: number): Promise<number> {
  const kept = await tx
    .selectFrom("item")
    .select((eb) => eb.fn.countAll().as("rows"))
    .where("site", "=", site)
    .where("boot", "=", boot)
    .where("seq", ">", aboveSeq)
    .executeTakeFirst();
  return Number(kept?.rows ?? 0);
}

/** Content of the rows that are kept under these numbers. */
export async function keptBodies(tx: Db, { site, boot }: Run, rows: readonly { seq: number }[]): Promise<Map<number, string>> {
  const kept = await tx
    .selectFrom("item")
    .select(["seq", "body"])
    .where("site", "=", site)
    .where("boot", "=", boot)
    .where("seq", "in", [...new Set(rows.map(({ seq }) => seq))])
    .execute();
  return new Map(kept.map(({ seq, body }) => [Number(seq), body]));
}

/** Up to where all numbers are there: with what came now, and, where a transaction is given, with what had come before its turn. */
export async function wholeUpTo(tx: Db | null, { site, boot }: Run, from: number, fresh: readonly Span[]): Promise<number> {
  let whole = through(from, fresh);
  while (tx) {
    const gaps = await tx
      .selectFrom("gap")
      .select(["from_seq", "to_seq"])
      .where("site", "=", site)
      .where("boot", "=", boot)
      .where("to_seq", ">", whole)
      .where("from_seq", "<=", whole + pageRows)
      .execute();
    const rows = await tx
      .selectFrom("item")
      .select("seq")
      .where("site", "=", site)
      .where("boot", "=", boot)
      .where("seq", ">", whole)
      .orderBy("seq")
      .limit(pageRows)
      .execute();
    const next = through(whole, [
      ...rows.map(({ seq }) => [Number(seq), Number(seq)] as const),
      ...gaps.map(({ from_seq: first, to_seq: last }) => [Number(first), Number(last)] as const),
    ]);
    if (next === whole) return whole;
    whole = next;
  }
  return whole;
}

/** Up to where all numbers are there, with these spans added to what was whole up to `from`. */
function through(from: number, spans: readonly Span[]): number {
  let whole = from;
  for (const [first, last] of spans.toSorted(([one], [other]) => one - other)) {
    if (first > whole + 1) break;
    whole = Math.max(whole, last);
  }
  return whole;
}
