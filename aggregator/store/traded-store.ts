import type { Kysely } from "kysely";
import { Traded } from "../../core/message/traded.ts";
import type { AggregatorStore } from "./aggregator-store.ts";
import type { Tables } from "./tables.ts";

/** The newest sums of each home's trades, in the aggregator's database. */
export function tradedStore(db: Kysely<Tables>): Pick<AggregatorStore, "saveTraded" | "traded"> {
  const newest = async (site: string): Promise<Traded["slots"]> => {
    const row = await db.selectFrom("traded").select("body").where("site", "=", site).executeTakeFirst();
    return row ? Traded.parse(JSON.parse(row.body)).slots : [];
  };
  return {
    async saveTraded(site, traded) {
      const before = await newest(site);
      const body = JSON.stringify(traded);
      await db
        .insertInto("traded")
        .values({ site, body })
        .onConflict((on) => on.column("site").doUpdateSet({ body }))
        .execute();
      return JSON.stringify(before) !== JSON.stringify(traded.slots);
    },
    traded: newest,
  };
}
