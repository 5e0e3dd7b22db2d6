import type { Kysely } from "kysely";
import type { GapItem, MeasurementItem } from "../../core/message/measurements.ts";
import type { AggregatorStore } from "./aggregator-store.ts";
import type { Tables } from "./tables.ts";

type ItemStore = Pick<AggregatorStore, "ingest" | "slots" | "gaps" | "itemCounts">;
type Row = Exclude<MeasurementItem, GapItem>;

/** Rows of the homes' outboxes, each kept once. */
export function itemStore(db: Kysely<Tables>): ItemStore {
  const slots: ItemStore["slots"] = async (site, register, fromMs, toMs) => {
    const rows = await db
      .selectFrom("item")
      .select(["start_ms", "end_ms", "wh"])
      .where("site", "=", site)
      .where("role", "=", "grid")
      .where("register", "=", register)
      .where("start_ms", ">=", fromMs)
      .where("start_ms", "<", toMs)
      .orderBy("start_ms")
      .execute();
    return rows.map((found) => ({ startMs: Number(found.start_ms), endMs: Number(found.end_ms), wh: Number(found.wh) }));
  };
  return {
    async ingest(site, { boot, items }) {
      return db.transaction().execute(async (tx) => {
        const rows = items.filter((item): item is Row => item.kind !== "gap").map((item) => row(site, boot, item));
        const inserted =
          rows.length === 0
            ? null
            : await tx
                .insertInto("item")
                .values(rows)
                .onConflict((on) => on.doNothing())
                .executeTakeFirst();
        const added = Number(inserted?.numInsertedOrUpdatedRows ?? 0);
        const changed = added === rows.length ? 0 : await changedOf(tx, rows);
        // A table of their own: the first of the rows that a home gave up may have come before it did so.
        for (const gap of items.filter((item): item is GapItem => item.kind === "gap"))
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
        const run = await tx
          .selectFrom("run")
          .select("contiguous_seq")
          .where("site", "=", site)
          .where("boot", "=", boot)
          .executeTakeFirst();
        // What came now is known; below there is only a look for what had come before its turn.
        let contiguousSeq = through(
          Number(run?.contiguous_seq ?? 0),
          items.map((item) => [item.seq, item.kind === "gap" ? item.through : item.seq]),
        );
        const above = await tx
          .selectFrom("item")
          .select("seq")
          .where("site", "=", site)
          .where("boot", "=", boot)
          .where("seq", ">", contiguousSeq)
          .orderBy("seq")
          .execute();
        const gaps = await tx
          .selectFrom("gap")
          .select(["from_seq", "to_seq"])
          .where("site", "=", site)
          .where("boot", "=", boot)
          .where("to_seq", ">", contiguousSeq)
          .execute();
        const spans = [
          ...above.map(({ seq }) => [Number(seq), Number(seq)] as const),
          ...gaps.map(({ from_seq: from, to_seq: to }) => [Number(from), Number(to)] as const),
        ];
        contiguousSeq = through(contiguousSeq, spans);
        await tx
          .insertInto("run")
          .values({ site, boot, contiguous_seq: contiguousSeq })
          .onConflict((on) => on.columns(["site", "boot"]).doUpdateSet({ contiguous_seq: contiguousSeq }))
          .execute();
        return { contiguousSeq, added, ...(changed > 0 && { changed }) };
      });
    },
    slots,
    async gaps(site, fromMs, toMs) {
      const given = await db
        .selectFrom("gap")
        .select(["from_ms", "to_ms", "reason"])
        .where("site", "=", site)
        .where("from_ms", "<", toMs)
        .where("to_ms", ">=", fromMs)
        .execute();
      const lost = given.map((gap) => ({
        kind: "readings" as const,
        fromMs: Number(gap.from_ms),
        toMs: Number(gap.to_ms),
        reason: gap.reason,
      }));
      const come = await slots(site, "import", fromMs, toMs);
      const missing = come.flatMap(({ startMs }, at) => {
        const endMs = come[at - 1]?.endMs;
        if (endMs === undefined || startMs <= endMs) return [];
        return [{ kind: "slots" as const, fromMs: endMs, toMs: startMs, reason: "no slot came" }];
      });
      return [...lost, ...missing].toSorted((one, other) => one.fromMs - other.fromMs);
    },
    async itemCounts() {
      const rows = await db
        .selectFrom("item")
        .select(["site", (eb) => eb.fn.countAll().as("rows")])
        .groupBy("site")
        .execute();
      return rows.map(({ site, rows: count }) => ({ site, rows: Number(count) }));
    },
  };
}

/** Up to where all numbers are there, with these spans added to what was whole up to `from`. */
function through(from: number, spans: readonly (readonly [number, number])[]): number {
  let whole = from;
  for (const [first, last] of spans.toSorted(([one], [other]) => one - other)) {
    if (first > whole + 1) break;
    whole = Math.max(whole, last);
  }
  return whole;
}

/** How many rows of one run are kept with another content than these have. */
async function changedOf(db: Kysely<Tables>, rows: readonly Tables["item"][]): Promise<number> {
  const [{ site, boot } = { site: "", boot: "" }] = rows;
  const kept = await db
    .selectFrom("item")
    .select(["seq", "body"])
    .where("site", "=", site)
    .where("boot", "=", boot)
    .where("seq", "in", [...new Set(rows.map(({ seq }) => seq))])
    .execute();
  const bodies = new Map(kept.map(({ seq, body }) => [Number(seq), body]));
  return rows.filter(({ seq, body }) => bodies.get(seq) !== body).length;
}

function row(site: string, boot: string, item: Row): Tables["item"] {
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
