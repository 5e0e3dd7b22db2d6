import type { Kysely } from "kysely";
import type { GapItem, MeasurementItem, Measurements } from "../../core/message/measurements.ts";
import type { Ingested } from "./aggregator-store.ts";
import type { Tables } from "./tables.ts";

type Row = Exclude<MeasurementItem, GapItem>;
type Db = Kysely<Tables>;
interface Run {
  site: string;
  boot: string;
}
/** First and last number of rows that are there, or that will not come. */
type Span = readonly [number, number];

/** A home has 1200 rows on the way without a receipt; what lies further ahead comes once more in its turn. */
const mostAhead = 5000;
/** New slots go ahead of a backlog of any length: so many may wait for the rows before them. */
const mostSlotsAhead = 5000;
const pageRows = 1000;
/** Of rows that the home has a receipt for. */
const lostReason = "receipted before, not in this database";

/** Keeps the new rows of a message, within a transaction. */
export async function ingestRows(tx: Db, site: string, message: Measurements): Promise<Ingested> {
  const run = { site, boot: message.boot };
  // Writing first holds the run for this transaction: of two workers with rows of one home the other waits.
  const known = await tx
    .insertInto("run")
    .values({ ...run, contiguous_seq: 0 })
    .onConflict((on) => on.columns(["site", "boot"]).doUpdateSet({ contiguous_seq: (eb) => eb.ref("run.contiguous_seq") }))
    .returning("contiguous_seq")
    .executeTakeFirstOrThrow();
  let contiguousSeq = Number(known.contiguous_seq);
  const lost = Math.max(0, (message.receipted ?? 0) - contiguousSeq);
  if (lost > 0) {
    await addGap(tx, run, await lostRows(tx, run, contiguousSeq + 1, message));
    contiguousSeq += lost;
  }
  const items = await within(tx, run, contiguousSeq, message.items);
  const rows = items.filter((item): item is Row => item.kind !== "gap").map((item) => tableRow(run, item));
  const inserted =
    rows.length === 0
      ? null
      : await tx
          .insertInto("item")
          .values(rows)
          .onConflict((on) => on.doNothing())
          .executeTakeFirst();
  const added = Number(inserted?.numInsertedOrUpdatedRows ?? 0);
  const changed = added === rows.length ? 0 : await changedOf(tx, run, rows);
  for (const item of items) if (item.kind === "gap") await addGap(tx, run, item);
  contiguousSeq = await wholeUpTo(
    tx,
    run,
    contiguousSeq,
    items.map((item) => [item.seq, item.kind === "gap" ? item.through : item.seq]),
  );
  await tx
    .updateTable("run")
    .set({ contiguous_seq: contiguousSeq })
    .where("site", "=", site)
    .where("boot", "=", run.boot)
    .execute();
  const refused = message.items.length - items.length;
  return { contiguousSeq, added, ...(changed > 0 && { changed }), ...(lost > 0 && { lost }), ...(refused > 0 && { refused }) };
}

/** A table of their own: the first of the rows that a home gave up may have come before it did so. */
async function addGap(tx: Db, { site, boot }: Run, gap: Omit<GapItem, "kind">): Promise<void> {
  await tx
    .insertInto("gap")
    .values({
      site,
      boot,
      from_seq: gap.seq,
      to_seq: gap.through,
      from_ms: Date.parse(gap.from),
      to_ms: Date.parse(gap.to),
      reason: gap.reason,
    })
    .onConflict((on) => on.doNothing())
    .execute();
}

/**
 * Rows that the home has a receipt for and this database does not have: it was restored from a backup, or is another one.
 * They lie between the newest slot that is known and what came now.
 */
async function lostRows(tx: Db, { site }: Run, fromSeq: number, message: Measurements): Promise<Omit<GapItem, "kind">> {
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

/** What is not so far ahead that it could pile up: nothing of it counts before the rows in between have come. */
async function within(tx: Db, run: Run, contiguousSeq: number, items: readonly MeasurementItem[]): Promise<MeasurementItem[]> {
  const lastSeq = contiguousSeq + mostAhead;
  const far = items.filter(({ seq }) => seq > lastSeq);
  if (far.length === 0) return [...items];
  const kept = await tx
    .selectFrom("item")
    .select((eb) => eb.fn.countAll().as("rows"))
    .where("site", "=", run.site)
    .where("boot", "=", run.boot)
    .where("seq", ">", lastSeq)
    .executeTakeFirst();
  const room = Math.max(0, mostSlotsAhead - Number(kept?.rows ?? 0));
  const slots = new Set(far.filter(({ kind }) => kind === "slot").slice(0, room));
  return items.filter((item) => item.seq <= lastSeq || slots.has(item));
}

/** Up to where all numbers are there: with what came now, and with what had come before its turn. */
async function wholeUpTo(tx: Db, { site, boot }: Run, from: number, fresh: readonly Span[]): Promise<number> {
  let whole = through(from, fresh);
  for (;;) {
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

/** How many rows of one run are kept with another content than these have. */
async function changedOf(tx: Db, { site, boot }: Run, rows: readonly Tables["item"][]): Promise<number> {
  const kept = await tx
    .selectFrom("item")
    .select(["seq", "body"])
    .where("site", "=", site)
    .where("boot", "=", boot)
    .where("seq", "in", [...new Set(rows.map(({ seq }) => seq))])
    .execute();
  const bodies = new Map(kept.map(({ seq, body }) => [Number(seq), body]));
  return rows.filter(({ seq, body }) => bodies.get(seq) !== body).length;
}

function tableRow({ site, boot }: Run, item: Row): Tables["item"] {
  const slot = item.kind === "slot" ? item : undefined;
  return {
    site,
    boot,
    seq: item.seq,
    kind: item.kind,
    meter: item.kind === "switch" ? null : item.meter,
    role: slot?.role ?? null,
    register: slot?.register ?? null,
    start_ms: slot ? Date.parse(slot.start) : null,
    end_ms: slot ? Date.parse(slot.end) : null,
    wh: slot?.wh ?? null,
    body: JSON.stringify(item),
  };
}
