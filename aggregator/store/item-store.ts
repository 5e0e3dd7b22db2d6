import { type Kysely, sql } from "kysely";
import { SwitchItem } from "../../core/message/measurements.ts";
import type { AggregatorStore, StoredSwitching } from "./aggregator-store.ts";
import { ingestTogether } from "./ingest-together.ts";
import type { ManyRows } from "./many-rows.ts";
import type { Tables } from "./tables.ts";

type ItemStore = Pick<AggregatorStore, "ingest" | "slots" | "pvSlots" | "switchings" | "gaps" | "itemCounts">;

/** Among so many switchings of all appliances of a home the last one of each is looked for. */
const lookedBack = 200;

/** Rows of the homes' outboxes, each kept once. */
export function itemStore(db: Kysely<Tables>, many: ManyRows): ItemStore {
  const ingest = ingestTogether(db, many);
  const slots: ItemStore["slots"] = async (site, register, fromMs, toMs) => {
    const rows = await db
      .selectFrom("item")
      .select(["start_ms", "end_ms", "wh"])
      .where("site", "=", site)
      .where("role", "=", "grid")
      .where("register", "=", register)
      .where("start_ms", ">=", fromMs)
      .where("start_ms", "<", toMs)
      // No time, no power: a home may say so, and nothing can be reckoned from it.
      .whereRef("end_ms", ">", "start_ms")
      .orderBy("start_ms")
      .execute();
    return rows.map((found) => ({ startMs: Number(found.start_ms), endMs: Number(found.end_ms), wh: Number(found.wh) }));
  };
  return {
    ingest,
    slots,
    async pvSlots(site, fromMs, toMs) {
      const rows = await db
        .selectFrom("item")
        .select(["start_ms", "end_ms", (eb) => eb.fn.sum("wh").as("wh")])
        .where("site", "=", site)
        .where("role", "=", "pv")
        .where("register", "in", ["import", "export"])
        .where("start_ms", ">=", fromMs)
        .where("start_ms", "<", toMs)
        .whereRef("end_ms", ">", "start_ms")
        .groupBy(["start_ms", "end_ms"])
        .orderBy("start_ms")
        .execute();
      return rows.map((found) => ({ startMs: Number(found.start_ms), endMs: Number(found.end_ms), wh: Number(found.wh) }));
    },
    async switchings(site, resource, fromMs, toMs) {
      // Said in the statement itself: only then the index of these rows alone is known to serve.
      const all = db.selectFrom("item").select("body").where("site", "=", site).where("kind", "=", sql.lit("switch"));
      const before = await all.where("start_ms", "<", fromMs).orderBy("start_ms", "desc").limit(lookedBack).execute();
      const inside = all.where("start_ms", ">=", fromMs).where("start_ms", "<", toMs).orderBy("start_ms").orderBy("seq");
      const last = before.flatMap(switchingOf(resource))[0];
      return [...(last ? [last] : []), ...(await inside.execute()).flatMap(switchingOf(resource))];
    },
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
    async itemCounts(of = null) {
      let query = db
        .selectFrom("item")
        .select(["site", (eb) => eb.fn.countAll().as("rows")])
        .groupBy("site");
      let gone = db.selectFrom("thinned").select(["site", "samples", "slots", "switches"]);
      if (of !== null) [query, gone] = [query.where("site", "=", of), gone.where("site", "=", of)];
      const [rows, thinned] = [await query.execute(), await gone.execute()];
      const counts = new Map(rows.map(({ site, rows: count }) => [site, Number(count)]));
      for (const { site, samples, slots: thinnedSlots, switches } of thinned)
        counts.set(site, (counts.get(site) ?? 0) + Number(samples) + Number(thinnedSlots) + Number(switches));
      return [...counts].map(([site, count]) => ({ site, rows: count }));
    },
  };
}

const switchingOf =
  (resource: string) =>
  ({ body }: { body: string }): StoredSwitching[] => {
    const item = SwitchItem.parse(JSON.parse(body));
    return item.resource === resource ? [{ atMs: Date.parse(item.at), on: item.on }] : [];
  };
