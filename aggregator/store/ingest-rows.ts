import type { Kysely } from "kysely";
import type { GapItem, MeasurementItem, Measurements } from "../../core/message/measurements.ts";
import type { Ingested } from "./aggregator-store.ts";
import type { HeldRun, ManyRows } from "./many-rows.ts";
import { keptBodies, lostRows, slotsFarAhead, wholeUpTo, type Span } from "./run-rows.ts";
import type { Tables } from "./tables.ts";

type Row = Exclude<MeasurementItem, GapItem>;
type Db = Kysely<Tables>;

/** A message of one home that is to be kept. */
export interface IngestOrder {
  site: string;
  message: Measurements;
  /** Its receipt has no lower number; left out where none is sent. */
  leastNumber?: number | undefined;
}

/** What is known of a run of a home while its rows are kept. */
interface Run extends HeldRun {
  newestSeq: number;
}

/** What becomes of one message. */
interface Taking {
  run: Run;
  items: readonly MeasurementItem[];
  added: number;
  changed: number;
  lost: number;
  refused: number;
}

/** A home has 1200 rows on the way without a receipt; what lies further ahead comes once more in its turn. */
const mostAhead = 5000;
/** New slots go ahead of a backlog of any length: so many may wait for the rows before them. */
const mostSlotsAhead = 5000;

/**
 * Keeps the new rows of messages of different runs, within a transaction: a handful of statements for all of them where the
 * rows are simply the next ones, some more for each run that repeats rows or leaves some out.
 */
export async function ingestRows(tx: Db, many: ManyRows, orders: readonly IngestOrder[]): Promise<Ingested[]> {
  const held = await many.holdRuns(
    tx,
    orders.map(({ site, message: { boot } }) => ({ site, boot })),
  );
  const takings: Taking[] = [];
  const rows: Tables["item"][] = [];
  /** Those that more must be asked about. */
  const others: Taking[] = [];
  for (const [index, { message, leastNumber = 0 }] of orders.entries()) {
    const run = await begunRun(tx, held[index] as HeldRun, leastNumber);
    const simple = simplyNext(run, message, rows);
    const taking = simple ?? (await begun(tx, run, message));
    takings.push(taking);
    if (!simple) others.push(taking);
  }
  for (const taking of others) rows.push(...(await newRows(tx, taking)));
  // A home whose rows outlived its runs: the first ones stay.
  if (rows.length > 0) await many.addItems(tx, rows);
  for (const { run, items } of others)
    await addGaps(
      tx,
      run,
      items.filter((item) => item.kind === "gap"),
    );
  for (const taking of others) await count(tx, taking);
  await many.keepRuns(
    tx,
    takings.map(({ run }) => run),
  );
  return takings.map(({ run, added, changed, lost, refused }, index) => ({
    contiguousSeq: run.contiguousSeq,
    added,
    ...(orders[index]?.leastNumber !== undefined && { receiptNumber: run.receiptNumber }),
    ...(changed > 0 && { changed }),
    ...(lost > 0 && { lost }),
    ...(refused > 0 && { refused }),
  }));
}

/** Numbers of receipts rise with each answer about a run, whoever gives it. */
async function begunRun(tx: Db, held: HeldRun, leastNumber: number): Promise<Run> {
  const newestSeq = held.newestSeq ?? (await newestOf(tx, held, held.contiguousSeq));
  return { ...held, newestSeq, receiptNumber: Math.max(leastNumber, held.receiptNumber + 1) };
}

/** Rows that go on where all before them are there and nothing waits ahead; undefined where it is not so simple. */
function simplyNext(run: Run, { items, receipted = 0 }: Measurements, rows: Tables["item"][]): Taking | undefined {
  if (run.newestSeq > run.contiguousSeq || receipted > run.contiguousSeq || items.length > mostAhead) return undefined;
  let seq = run.contiguousSeq;
  for (const item of items) if (item.kind === "gap" || item.seq !== ++seq) return undefined;
  for (const item of items) rows.push(tableRow(run, item as Row));
  run.contiguousSeq = seq;
  run.newestSeq = seq;
  return { run, items, added: items.length, changed: 0, lost: 0, refused: 0 };
}

/** Of a run that an older program began. */
async function newestOf(tx: Db, { site, boot }: { site: string; boot: string }, contiguousSeq: number): Promise<number> {
  const row = await tx
    .selectFrom("item")
    .select((eb) => eb.fn.max("seq").as("seq"))
    .where("site", "=", site)
    .where("boot", "=", boot)
    .executeTakeFirst();
  const gap = await tx
    .selectFrom("gap")
    .select((eb) => eb.fn.max("to_seq").as("seq"))
    .where("site", "=", site)
    .where("boot", "=", boot)
    .executeTakeFirst();
  return Math.max(contiguousSeq, Number(row?.seq ?? 0), Number(gap?.seq ?? 0));
}

/** What of a message is kept, and the gap where the home has receipts for rows that are not here. */
async function begun(tx: Db, run: Run, message: Measurements): Promise<Taking> {
  const lost = Math.max(0, (message.receipted ?? 0) - run.contiguousSeq);
  if (lost > 0) {
    await addGaps(tx, run, [await lostRows(tx, run, run.contiguousSeq + 1, message)]);
    run.contiguousSeq += lost;
    run.newestSeq = Math.max(run.newestSeq, run.contiguousSeq);
  }
  const items = await within(tx, run, message.items);
  return { run, items, added: 0, changed: 0, lost, refused: message.items.length - items.length };
}

/** What is not so far ahead that it could pile up: nothing of it counts before the rows in between have come. */
async function within(tx: Db, run: Run, items: readonly MeasurementItem[]): Promise<readonly MeasurementItem[]> {
  const lastSeq = run.contiguousSeq + mostAhead;
  const far = items.filter(({ seq }) => seq > lastSeq);
  if (far.length === 0) return items;
  const room = Math.max(0, mostSlotsAhead - (await slotsFarAhead(tx, run, lastSeq)));
  const slots = new Set(far.filter(({ kind }) => kind === "slot").slice(0, room));
  return items.filter((item) => item.seq <= lastSeq || slots.has(item));
}

/**
 * Rows that are not here yet. Above the newest number all are; below it the database is asked, and the first content stays.
 * What was deleted for its age was here: it does not come back with a message that comes again.
 */
async function newRows(tx: Db, taking: Taking): Promise<Tables["item"][]> {
  const { run } = taking;
  const items = taking.items.filter((item): item is Row => item.kind !== "gap");
  const known = items.filter(({ seq }) => seq <= run.newestSeq);
  const bodies = known.length === 0 ? new Map<number, string>() : await keptBodies(tx, run, known);
  const rows: Tables["item"][] = [];
  for (const item of items) {
    const row = tableRow(run, item);
    const kept = bodies.get(item.seq);
    if (kept === undefined) {
      if (item.seq <= run.thinnedSeq) continue;
      bodies.set(item.seq, row.body);
      rows.push(row);
    } else if (kept !== row.body) taking.changed++;
  }
  taking.added = rows.length;
  return rows;
}

/** Moves a run to where nothing is missing with what came now, and with what had come before its turn. */
async function count(tx: Db, { run, items }: Taking): Promise<void> {
  const spans = items.map((item): Span => [item.seq, item.kind === "gap" ? item.through : item.seq]);
  // Where nothing waits ahead, only what came now can follow.
  const alone = run.newestSeq <= run.contiguousSeq;
  run.newestSeq = Math.max(run.newestSeq, ...spans.map(([, last]) => last));
  run.contiguousSeq = await wholeUpTo(alone ? null : tx, run, run.contiguousSeq, spans);
}

/** A table of their own: the first of the rows that a home gave up may have come before it did so. */
async function addGaps(tx: Db, { site, boot }: Run, gaps: readonly Omit<GapItem, "kind">[]): Promise<void> {
  if (gaps.length === 0) return;
  await tx
    .insertInto("gap")
    .values(
      gaps.map((gap) => ({
        site,
        boot,
        from_seq: gap.seq,
        to_seq: gap.through,
        from_ms: Date.parse(gap.from),
        to_ms: Date.parse(gap.to),
        reason: gap.reason,
      })),
    )
    .onConflict((on) => on.doNothing())
    .execute();
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
    start_ms: Date.parse(item.kind === "slot" ? item.start : item.at),
    end_ms: slot ? Date.parse(slot.end) : null,
    wh: slot?.wh ?? null,
    body: JSON.stringify(item),
  };
}
