import type { Kysely } from "kysely";
import type { MeasurementItem } from "../../core/message/measurements.ts";
import type { AggregatorStore } from "./aggregator-store.ts";
import type { Tables } from "./tables.ts";

type ItemStore = Pick<AggregatorStore, "ingest" | "slots" | "itemCounts">;

/** Rows of the homes' outboxes, each kept once. */
export function itemStore(db: Kysely<Tables>): ItemStore {
  return {
    async ingest(site, { boot, items }) {
      return db.transaction().execute(async (tx) => {
        const rows = items.map((item) => row(site, boot, item));
        const inserted = await tx
          .insertInto("item")
          .values(rows)
          .onConflict((on) => on.doNothing())
          .executeTakeFirst();
        const run = await tx
          .selectFrom("run")
          .select("contiguous_seq")
          .where("site", "=", site)
          .where("boot", "=", boot)
          .executeTakeFirst();
        let contiguousSeq = Number(run?.contiguous_seq ?? 0);
        const above = await tx
          .selectFrom("item")
          .select("seq")
          .where("site", "=", site)
          .where("boot", "=", boot)
          .where("seq", ">", contiguousSeq)
          .orderBy("seq")
          .execute();
        for (const { seq } of above) {
          if (Number(seq) !== contiguousSeq + 1) break;
          contiguousSeq++;
        }
        await tx
          .insertInto("run")
          .values({ site, boot, contiguous_seq: contiguousSeq })
          .onConflict((on) => on.columns(["site", "boot"]).doUpdateSet({ contiguous_seq: contiguousSeq }))
          .execute();
        return { contiguousSeq, added: Number(inserted.numInsertedOrUpdatedRows ?? 0) };
      });
    },
    async slots(site, register, fromMs, toMs) {
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

function row(site: string, boot: string, item: MeasurementItem): Tables["item"] {
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
