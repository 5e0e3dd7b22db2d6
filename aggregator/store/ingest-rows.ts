import type { Kysely } from "kysely";
import type { GapItem, MeasurementItem, Measurements } from "../../core/message/measurements.ts";
import type { Ingested } from "./aggregator-store.ts";
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
interface Run {
  site: string;
  boot: string;
  contiguousSeq: number;
  /** The highest number that ever came, rows and gaps. */
  newestSeq: number;
  /** Rows up to this number that are not here were deleted for their age. */
  thinnedSeq: number;
  receiptNumber: number;
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
export async function ingestRows(tx: Db, orders: readonly IngestOrder[]): Promise<Ingested[]> {
  const runs = await holdRuns(tx, orders);
  const takings: Taking[] = [];
  for (const [index, { message }] of orders.entries()) takings.push(await begun(tx, runs[index] as Run, message));
  const rows: Tables["item"][] = [];
  for (const taking of takings) rows.push(...(await newRows(tx, taking)));
  if (rows.length > 0)
    await tx
      .insertInto("item")
      .values(rows)
      // A home whose rows outlived its runs: the first ones stay.
      .onConflict((on) => on.doNothing())
      .execute();
  for (const { run, items } of takings) for (const item of items) if (item.kind === "gap") await addGap(tx, run, item);
  for (const taking of takings) await count(tx, taking);
  await keepRuns(tx, takings);
  return takings.map(({ run, added, changed, lost, refused }, index) => ({
    contiguousSeq: run.contiguousSeq,
    added,
    ...(orders[index]?.leastNumber !== undefined && { receiptNumber: run.receiptNumber }),
    ...(changed > 0 && { changed }),
    ...(lost > 0 && { lost }),
    ...(refused > 0 && { refused }),
  }));
}

/**
 * Writing first holds the runs for this transaction: of two workers with rows of one home the other waits. All take runs in
 * the same order, so that no two wait for each other.
 */
async function holdRuns(tx: Db, orders: readonly IngestOrder[]): Promise<Run[]> {
  const values = orders.map(({ site, message: { boot }, leastNumber }) => ({
    site,
    boot,
    contiguous_seq: 0,
    newest_seq: 0,
    receipt_number: leastNumber ?? 0,
  }));
  const held = await tx
    .insertInto("run")
    .values(values.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1)))
    .onConflict((on) =>
      on.columns(["site", "boot"]).doUpdateSet({
        // Numbers rise with each answer about a run, whoever gives it.
        receipt_number: (eb) =>
          eb
            .case()
            .when("run.receipt_number", "<", eb.ref("excluded.receipt_number"))
            .then(eb.ref("excluded.receipt_number"))
            .else(eb("run.receipt_number", "+", 1))
            .end(),
      }),
    )
    .returningAll()
    .execute();
  const byKey = new Map(held.map((row) => [keyOf(row), row]));
  const found: Run[] = [];
  for (const { site, boot } of values) {
    const row = byKey.get(keyOf({ site, boot }));
    if (!row) throw new Error(`run ${boot} of ${site} was not kept`);
    const contiguousSeq = Number(row.contiguous_seq);
    const newestSeq = row.newest_seq === null ? await newestOf(tx, { site, boot }, contiguousSeq) : Number(row.newest_seq);
    const [thinnedSeq, receiptNumber] = [Number(row.thinned_seq), Number(row.receipt_number)];
    found.push({ site, boot, contiguousSeq, newestSeq, thinnedSeq, receiptNumber });
  }
  return found;
}

const keyOf = ({ site, boot }: { site: string; boot: string }): string => `${site} ${boot}`;

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
    await addGap(tx, run, await lostRows(tx, run, run.contiguousSeq + 1, message));
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

async function keepRuns(tx: Db, takings: readonly Taking[]): Promise<void> {
  await tx
    .insertInto("run")
    .values(
      takings.map(({ run }) => ({
        site: run.site,
        boot: run.boot,
        contiguous_seq: run.contiguousSeq,
        newest_seq: run.newestSeq,
        receipt_number: run.receiptNumber,
      })),
    )
    .onConflict((on) =>
      on.columns(["site", "boot"]).doUpdateSet({
        contiguous_seq: (eb) => eb.ref("excluded.contiguous_seq"),
        newest_seq: (eb) => eb.ref("excluded.newest_seq"),
      }),
    )
    .execute();
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
