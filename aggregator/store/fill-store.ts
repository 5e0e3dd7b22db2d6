import type { Kysely } from "kysely";
import type { FillLevel } from "../../core/message/storage.ts";
import { grouped } from "./grouped.ts";
import type { Tables } from "./tables.ts";

/** How full a store was at an instant: °C of a tank. */
export interface StoredFill {
  atMs: number;
  value: number;
}

/** How warm tanks were in the last weeks: what people took follows from it. */
export interface FillStore {
  /** Keeps what a home says of a tank, the first of every five minutes, for a month; of what is no tank nothing. */
  keepFill(site: string, resource: string, fill: FillLevel): Promise<void>;
  /** In [from, to), oldest first. */
  fills(site: string, resource: string, fromMs: number, toMs: number): Promise<StoredFill[]>;
}

const partMs = 5 * 60_000;
const partsADay = 288;
/** Five values each; SQLite takes 32,766 in a statement. */
const rowsOfStatement = 1000;
const keptMs = 30 * 24 * 3_600_000;

/** The same in the aggregator's database. */
export function fillStore(db: Kysely<Tables>): FillStore {
  // Homes tell the state of all their appliances at once, every few minutes.
  const keep = grouped<Tables["fill"]>(async (said) => {
    const sites = [...new Set(said.map(({ site }) => site))];
    const described = db.selectFrom("resource").select(["site", "resource"]).where("site", "in", sites);
    const found = await described.where("body", "like", '%"kind":"tank"%').execute();
    const tanks = new Set(found.map(({ site, resource }) => `${site} ${resource}`));
    const rows = said.filter(({ site, resource }) => tanks.has(`${site} ${resource}`));
    if (rows.length === 0) return;
    for (let at = 0; at < rows.length; at += rowsOfStatement)
      await db
        .insertInto("fill")
        .values(rows.slice(at, at + rowsOfStatement))
        .onConflict((on) => on.doNothing())
        .execute();
    // Old ones go at the beginning of a day.
    const newDay = rows.filter(({ part }) => part % partsADay < 4);
    if (newDay.length === 0) return;
    const beforeMs = Math.min(...newDay.map(({ at_ms: atMs }) => atMs)) - keptMs;
    const telling = [...new Set(newDay.map(({ site }) => site))];
    await db.deleteFrom("fill").where("site", "in", telling).where("at_ms", "<", beforeMs).execute();
  });
  return {
    keepFill(site, resource, { value, at }) {
      const atMs = Date.parse(at);
      return keep({ site, resource, part: Math.floor(atMs / partMs), at_ms: atMs, value });
    },
    async fills(site, resource, fromMs, toMs) {
      const rows = await db
        .selectFrom("fill")
        .select(["at_ms", "value"])
        .where("site", "=", site)
        .where("resource", "=", resource)
        .where("part", ">=", Math.floor(fromMs / partMs))
        .where("at_ms", ">=", fromMs)
        .where("at_ms", "<", toMs)
        .orderBy("at_ms")
        .execute();
      return rows.map(({ at_ms: atMs, value }) => ({ atMs: Number(atMs), value: Number(value) }));
    },
  };
}
