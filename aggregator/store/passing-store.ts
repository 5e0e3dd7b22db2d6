import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** What epochs were passed on to: homes, mirrors, the public chain. */
export interface PassingStore {
  /** Up to which epoch a home has its proofs; 0 before the first. */
  told(site: string): Promise<number>;
  setTold(site: string, epoch: number): Promise<void>;
  /** Up to which epoch a mirror has the data. */
  mirrored(url: string): Promise<number>;
  setMirrored(url: string, epoch: number): Promise<void>;
  /** The epoch on the public chain that holds this one's root; null before it was given a number there. */
  anchoredAs(epoch: number): Promise<{ anchorEpoch: number; tx: string | null } | null>;
  /** @param tx null before it is sent */
  setAnchored(epoch: number, anchorEpoch: number, tx: string | null): Promise<void>;
  /** The newest epoch whose root the public chain has, 0 before the first. */
  newestAnchored(): Promise<number>;
}

/** The same in the aggregator's database. */
export function passingStore(db: Kysely<Tables>): PassingStore {
  const cursor = async (table: "told" | "mirror", key: "site" | "url", name: string): Promise<number> => {
    const row = await db
      .selectFrom(table as "told")
      .select("epoch")
      .where(key as "site", "=", name)
      .executeTakeFirst();
    return Number(row?.epoch ?? 0);
  };
  return {
    told: (site) => cursor("told", "site", site),
    async setTold(site, epoch) {
      await db
        .insertInto("told")
        .values({ site, epoch })
        .onConflict((on) => on.column("site").doUpdateSet({ epoch }))
        .execute();
    },
    mirrored: (url) => cursor("mirror", "url", url),
    async setMirrored(url, epoch) {
      await db
        .insertInto("mirror")
        .values({ url, epoch })
        .onConflict((on) => on.column("url").doUpdateSet({ epoch }))
        .execute();
    },
    async anchoredAs(epoch) {
      const row = await db.selectFrom("anchored").selectAll().where("epoch", "=", epoch).executeTakeFirst();
      return row ? { anchorEpoch: Number(row.anchor_epoch), tx: row.tx } : null;
    },
    async setAnchored(epoch, anchorEpoch, tx) {
      await db
        .insertInto("anchored")
        .values({ epoch, anchor_epoch: anchorEpoch, tx })
        .onConflict((on) => on.column("epoch").doUpdateSet({ anchor_epoch: anchorEpoch, tx }))
        .execute();
    },
    async newestAnchored() {
      const row = await db
        .selectFrom("anchored")
        .select((eb) => eb.fn.max("epoch").as("epoch"))
        .where("tx", "is not", null)
        .executeTakeFirst();
      return Number(row?.epoch ?? 0);
    },
  };
}
