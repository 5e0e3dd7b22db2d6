import type { Kysely, Selectable } from "kysely";
import { PriceSeries } from "../../core/message/price-series.ts";
import { RecordWire } from "../../core/message/settlement-message.ts";
import type { KeptEpochs, StoredEpoch } from "../../settlement/log/kept-epochs.ts";
import type { StoredRecord } from "./aggregator-store.ts";
import { stored } from "./record-store.ts";
import type { Tables } from "./tables.ts";

/** Announced prices and the epoch that binds the aggregator to them. */
export interface StoredSeries {
  hash: string;
  startMs: number;
  endMs: number;
  epoch: number | null;
}

/** Epochs and what they hold. */
export interface EpochStore extends Omit<KeptEpochs, "mirrored" | "setMirrored"> {
  /** Keeps an announced series, once. */
  keepSeries(series: PriceSeries, kept: Omit<StoredSeries, "epoch">): Promise<void>;
  /** Series that no epoch binds, in order of their start. */
  unboundSeries(): Promise<StoredSeries[]>;
  /** Null for one that was never kept. */
  seriesOf(hash: string): Promise<StoredSeries | null>;
  /** Kept series that have prices for some of [fromMs, toMs), in order of their start. */
  seriesBetween(fromMs: number, toMs: number): Promise<PriceSeries[]>;
  /** Hashes of the series that an epoch binds. */
  seriesIn(epoch: number): Promise<string[]>;
  /** In order of number, from the one after `after` on, so many at most; without a bound all. */
  epochs(page?: { after: number; limit: number }): Promise<StoredEpoch[]>;
  /** The epoch that holds a record with this digest, or a series with this hash. */
  epochOf(leaf: string): Promise<StoredEpoch | null>;
  /** Records of a home in an epoch, by number. */
  recordsIn(epoch: number, site: string): Promise<StoredRecord[]>;
}

/** How many values go into one statement. */
const together = 500;

/** Epochs in the aggregator's database. */
export function epochStore(db: Kysely<Tables>): EpochStore {
  const epochAt: EpochStore["epochAt"] = async (epoch) => {
    const row = await db.selectFrom("epoch").selectAll().where("epoch", "=", epoch).executeTakeFirst();
    return row ? epochFrom(row) : null;
  };
  return {
    async unanchored(limit) {
      const rows = await db
        .selectFrom("record")
        .select("digest")
        .where("epoch", "is", null)
        .where("state", "=", "cosigned")
        .orderBy("site")
        .orderBy("seq")
        .limit(limit)
        .execute();
      return rows.map(({ digest }) => digest);
    },
    async keepSeries(series, { hash, startMs, endMs }) {
      await db
        .insertInto("series")
        .values({ hash, body: JSON.stringify(PriceSeries.parse(series)), start_ms: startMs, end_ms: endMs, epoch: null })
        .onConflict((on) => on.doNothing())
        .execute();
    },
    async unboundSeries() {
      const rows = await db.selectFrom("series").selectAll().where("epoch", "is", null).orderBy("start_ms").execute();
      return rows.map(seriesFrom);
    },
    async seriesOf(hash) {
      const row = await db.selectFrom("series").selectAll().where("hash", "=", hash).executeTakeFirst();
      return row ? seriesFrom(row) : null;
    },
    async seriesBetween(fromMs, toMs) {
      const rows = await db
        .selectFrom("series")
        .select("body")
        .where("end_ms", ">", fromMs)
        .where("start_ms", "<", toMs)
        .orderBy("start_ms")
        .execute();
      return rows.map(({ body }) => PriceSeries.parse(JSON.parse(body)));
    },
    async seriesIn(epoch) {
      const rows = await db.selectFrom("series").select("hash").where("epoch", "=", epoch).orderBy("hash").execute();
      return rows.map(({ hash }) => hash);
    },
    async addEpoch({ epoch, root, digests }) {
      await db.transaction().execute(async (tx) => {
        await tx
          .insertInto("epoch")
          .values({ epoch, root, digests: JSON.stringify(digests), committed_tx: null, data_sha256: null })
          .execute();
        for (let from = 0; from < digests.length; from += together) {
          const some = digests.slice(from, from + together);
          await tx.updateTable("record").set({ epoch }).where("digest", "in", some).execute();
          await tx.updateTable("series").set({ epoch }).where("hash", "in", some).execute();
        }
      });
    },
    async epochCommitted(epoch, tx) {
      await db.updateTable("epoch").set({ committed_tx: tx }).where("epoch", "=", epoch).execute();
    },
    async epochBlobs(epoch, blobs) {
      await db.updateTable("epoch").set({ blobs }).where("epoch", "=", epoch).execute();
    },
    async epochFinal(epoch) {
      await db.updateTable("epoch").set({ final: 1 }).where("epoch", "=", epoch).execute();
    },
    async reopenEpochs(after) {
      const { numUpdatedRows } = await db
        .updateTable("epoch")
        .set({ final: 0 })
        .where("epoch", ">", after)
        .where("final", "=", 1)
        .executeTakeFirstOrThrow();
      return Number(numUpdatedRows);
    },
    async dataHash(epoch) {
      const row = await db.selectFrom("epoch").select("data_sha256").where("epoch", "=", epoch).executeTakeFirst();
      return row?.data_sha256 ?? null;
    },
    async setDataHash(epoch, sha256) {
      await db.updateTable("epoch").set({ data_sha256: sha256 }).where("epoch", "=", epoch).execute();
    },
    async epochs(page) {
      let query = db.selectFrom("epoch").selectAll().orderBy("epoch");
      if (page) query = query.where("epoch", ">", page.after).limit(page.limit);
      return (await query.execute()).map(epochFrom);
    },
    async epochOf(leaf) {
      const record = await db.selectFrom("record").select("epoch").where("digest", "=", leaf).executeTakeFirst();
      const found = record ?? (await db.selectFrom("series").select("epoch").where("hash", "=", leaf).executeTakeFirst());
      return found?.epoch == null ? null : epochAt(Number(found.epoch));
    },
    async isCommitted(epoch) {
      const row = await db.selectFrom("epoch").select("committed_tx").where("epoch", "=", epoch).executeTakeFirst();
      return typeof row?.committed_tx === "string";
    },
    epochAt,
    async unfinishedEpochs() {
      return (await db.selectFrom("epoch").selectAll().where("final", "=", 0).orderBy("epoch").execute()).map(epochFrom);
    },
    async finalAfter(epoch) {
      const rows = await db
        .selectFrom("epoch")
        .select("epoch")
        .where("epoch", ">", epoch)
        .where("final", "=", 1)
        .orderBy("epoch")
        .execute();
      return rows.map((row) => Number(row.epoch));
    },
    async newestEpoch() {
      const row = await db
        .selectFrom("epoch")
        .select((eb) => eb.fn.max("epoch").as("epoch"))
        .executeTakeFirst();
      return Number(row?.epoch ?? 0);
    },
    async loggedRecords(epoch, owner) {
      const rows = await db
        .selectFrom("record")
        .select(["body", "digest", "gateway_signature", "own_signature"])
        .where("epoch", "=", epoch)
        .orderBy("site")
        .orderBy("seq")
        .execute();
      return rows.map(({ body, digest, gateway_signature: theirs, own_signature: ours }) => {
        const record = RecordWire.parse(JSON.parse(body));
        const [signatureA, signatureB] = record.a === owner ? [ours, theirs] : [theirs, ours];
        return { record, digest, signatureA: signatureA ?? "0x", signatureB: signatureB ?? "0x" };
      });
    },
    async recordsIn(epoch, site) {
      const rows = await db
        .selectFrom("record")
        .selectAll()
        .where("epoch", "=", epoch)
        .where("site", "=", site)
        .orderBy("seq")
        .execute();
      return rows.map(stored);
    },
  };
}

function epochFrom(row: Selectable<Tables["epoch"]>): StoredEpoch {
  return {
    epoch: Number(row.epoch),
    root: row.root,
    digests: JSON.parse(row.digests) as string[],
    committedTx: row.committed_tx,
    final: Number(row.final) === 1,
    blobs: Number(row.blobs),
  };
}

function seriesFrom(row: Selectable<Tables["series"]>): StoredSeries {
  return {
    hash: row.hash,
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
    epoch: row.epoch === null ? null : Number(row.epoch),
  };
}
