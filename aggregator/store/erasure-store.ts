import type { Kysely } from "kysely";
import { serially } from "./serially.ts";
import type { Tables } from "./tables.ts";

/** What a home takes back. */
export interface ErasureStore {
  /**
   * Deletes the personal data of a home (energy, readings, gaps, appliances, their states, sums of trades, plans, events, curtailments, its
   * gateway's settings), revokes its certificates and records that it was done, all or nothing. Settlement records, their evidence and disputes stay until eraseRecords,
   * and the signed consents, which show what was allowed when.
   * @returns rows deleted, by kind
   */
  eraseSite(site: string, nowMs: number): Promise<Record<string, number>>;
  /**
   * Deletes a home's settlement records (with evidence, salts and signatures), disputes, rewards, cursors and what it was told,
   * and records that it was done, all or nothing.
   * @returns how many, and the epochs that hold digests of them
   */
  eraseRecords(site: string, nowMs: number): Promise<{ records: number; disputes: number; epochs: number[] }>;
  /** Sites that were erased and have no certificate since: what still comes of them is not kept. */
  erasedSites(): Promise<string[]>;
  /**
   * Deletes personal data of such sites that had been taken when they were erased, and was kept after it. To be called now and then.
   * @returns rows deleted
   */
  eraseLate(): Promise<number>;
}

/** Tables that hold a home's personal data. */
const personal = [
  "item",
  "gap",
  "run",
  "resource",
  "status",
  "traded",
  "fill",
  "plan",
  "flex_event",
  "curtailment",
  "gateway_config",
  "thinned",
] as const;

/** Erasure in the aggregator's database. */
export function erasureStore(db: Kysely<Tables>): ErasureStore {
  return {
    async eraseSite(site, nowMs) {
      return serially(db, async (tx) => {
        const erased: Record<string, number> = {};
        for (const table of personal) {
          const { numDeletedRows } = await tx.deleteFrom(table).where("site", "=", site).executeTakeFirstOrThrow();
          erased[table] = Number(numDeletedRows);
        }
        await tx
          .updateTable("certificate")
          .set({ revoked_ms: nowMs })
          .where("site", "=", site)
          .where("revoked_ms", "is", null)
          .execute();
        await tx
          .insertInto("erasure")
          .values({ site, at_ms: nowMs, rows: JSON.stringify(erased) })
          .execute();
        return erased;
      });
    },
    async eraseRecords(site, nowMs) {
      return serially(db, async (tx) => {
        // A write comes first, so that nobody else writes between the question and the answer.
        const disputes = await tx.deleteFrom("dispute").where("site", "=", site).executeTakeFirstOrThrow();
        const held = await tx
          .selectFrom("record")
          .select("epoch")
          .distinct()
          .where("site", "=", site)
          .where("epoch", "is not", null)
          .orderBy("epoch")
          .execute();
        const records = await tx.deleteFrom("record").where("site", "=", site).executeTakeFirstOrThrow();
        for (const table of ["cursor", "told", "top_up", "reward"] as const)
          await tx.deleteFrom(table).where("site", "=", site).execute();
        const counts = { records: Number(records.numDeletedRows), disputes: Number(disputes.numDeletedRows) };
        await tx
          .insertInto("records_erasure")
          .values({ site, at_ms: nowMs, rows: JSON.stringify(counts) })
          .execute();
        return { ...counts, epochs: held.map(({ epoch }) => Number(epoch)) };
      });
    },
    erasedSites: async () => (await erasedHomes(db).execute()).map(({ site }) => site),
    async eraseLate() {
      if (!(await erasedHomes(db).limit(1).executeTakeFirst())) return 0;
      let rows = 0;
      for (const table of personal) {
        const { numDeletedRows } = await db.deleteFrom(table).where("site", "in", erasedHomes(db)).executeTakeFirstOrThrow();
        rows += Number(numDeletedRows);
      }
      return rows;
    },
  };
}

/** Of the newest erasure on they have no certificate. */
const erasedHomes = (db: Kysely<Tables>) =>
  db
    .selectFrom("erasure")
    .select("erasure.site")
    .distinct()
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("certificate")
            .select("certificate.serial")
            .whereRef("certificate.site", "=", "erasure.site")
            .whereRef("certificate.issued_ms", ">=", "erasure.at_ms"),
        ),
      ),
    );
