import type { Kysely, Selectable } from "kysely";
import { PriceSeries } from "../../core/message/price-series.ts";
import { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { AggregatorStore, SettledKind, StoredRecord } from "./aggregator-store.ts";
import type { Tables } from "./tables.ts";

type RecordStore = Pick<
  AggregatorStore,
  "cursors" | "setCursor" | "newestRecord" | "newestCosigned" | "recordAt" | "addRecord" | "updateRecord" | "records"
>;

/** Records among which the newest of each register are looked for: more than two months of days. */
const newestLooked = 200;

/** Settlement records and how far each kind is settled. */
export function recordStore(db: Kysely<Tables>): RecordStore {
  const moveCursor = async (on: Kysely<Tables>, site: string, kind: SettledKind, nextMs: number): Promise<void> => {
    await on
      .insertInto("cursor")
      .values({ site, kind, next_ms: nextMs })
      .onConflict((conflict) => conflict.columns(["site", "kind"]).doUpdateSet({ next_ms: nextMs }))
      .execute();
  };
  return {
    async cursors(site) {
      const rows = await db.selectFrom("cursor").select(["kind", "next_ms"]).where("site", "=", site).execute();
      return new Map(rows.map(({ kind, next_ms: nextMs }) => [kind, Number(nextMs)]));
    },
    setCursor: (site, kind, nextMs) => moveCursor(db, site, kind, nextMs),
    async newestRecord(site) {
      const row = await db
        .selectFrom("record")
        .selectAll()
        .where("site", "=", site)
        .orderBy("seq", "desc")
        .limit(1)
        .executeTakeFirst();
      return row ? stored(row) : null;
    },
    async newestCosigned(site) {
      const rows = await db
        .selectFrom("record")
        .selectAll()
        .where("site", "=", site)
        .where("state", "=", "cosigned")
        .orderBy("seq", "desc")
        .limit(newestLooked)
        .execute();
      const newest = new Map<string, StoredRecord>();
      for (const one of rows.map(stored)) if (!newest.has(one.evidence.register)) newest.set(one.evidence.register, one);
      return [...newest.values()].toReversed();
    },
    async recordAt(site, seq) {
      const row = await db.selectFrom("record").selectAll().where("site", "=", site).where("seq", "=", seq).executeTakeFirst();
      return row ? stored(row) : null;
    },
    async addRecord(record, cursor) {
      await db.transaction().execute(async (tx) => {
        await tx
          .insertInto("record")
          .values({
            site: record.site,
            seq: record.record.seq,
            body: JSON.stringify(record.record),
            digest: record.digest,
            evidence: JSON.stringify(record.evidence),
            prices: JSON.stringify(record.prices),
            state: record.state,
            gateway_signature: record.gatewaySignature,
            own_signature: record.ownSignature,
            epoch: record.epoch,
            kind: record.record.kind,
            payer: record.record.payer,
            start_ms: Date.parse(record.record.start),
            wh: record.record.wh,
            micro: record.record.amount,
          })
          .execute();
        if (cursor) await moveCursor(tx, record.site, cursor.kind, cursor.nextMs);
      });
    },
    async updateRecord(site, seq, change) {
      await db
        .updateTable("record")
        .set({
          ...(change.state !== undefined && { state: change.state }),
          ...(change.gatewaySignature !== undefined && { gateway_signature: change.gatewaySignature }),
          ...(change.ownSignature !== undefined && { own_signature: change.ownSignature }),
          ...(change.epoch !== undefined && { epoch: change.epoch }),
        })
        .where("site", "=", site)
        .where("seq", "=", seq)
        .execute();
    },
    async records(after, limit, site = null) {
      let query = db.selectFrom("record").selectAll().orderBy("site").orderBy("seq").limit(limit);
      if (site !== null) query = query.where("site", "=", site);
      if (after)
        query = query.where((eb) =>
          eb.or([eb("site", ">", after.site), eb.and([eb("site", "=", after.site), eb("seq", ">", after.seq)])]),
        );
      return (await query.execute()).map(stored);
    },
  };
}

/** A row as the rest of the program knows it. */
export function stored(row: Selectable<Tables["record"]>): StoredRecord {
  return {
    site: row.site,
    record: RecordWire.parse(JSON.parse(row.body)),
    digest: row.digest,
    evidence: Evidence.parse(JSON.parse(row.evidence)),
    prices: PriceSeries.nullable().parse(JSON.parse(row.prices)),
    state: row.state,
    gatewaySignature: row.gateway_signature,
    ownSignature: row.own_signature,
    epoch: row.epoch === null ? null : Number(row.epoch),
  };
}
