import { sql, type Kysely } from "kysely";
import type { AggregatorStore } from "./aggregator-store.ts";
import type { Tables } from "./tables.ts";

/** Counts of what happened, over all sites or one. */
export function statisticsStore(db: Kysely<Tables>): Pick<AggregatorStore, "statistics"> {
  return {
    async statistics(site) {
      const of = (table: "item" | "plan" | "record" | "thinned") => {
        const query = db.selectFrom(table as "item");
        return site === null ? query : query.where("site", "=", site);
      };
      const count = (condition: string) => sql<number>`coalesce(sum(case when ${sql.raw(condition)} then 1 else 0 end), 0)`;
      const wh = (register: string) =>
        sql<number>`coalesce(sum(case when role = 'grid' and register = ${sql.lit(register)} then wh else 0 end), 0)`;
      const items = await of("item")
        .select([
          count("kind = 'sample'").as("samples"),
          count("kind = 'slot'").as("slots"),
          count("kind = 'switch'").as("switches"),
          wh("import").as("importWh"),
          wh("export").as("exportWh"),
        ])
        .executeTakeFirstOrThrow();
      const plans = await of("plan")
        .select([count("status = 'ACCEPTED'").as("plansAccepted"), count("status = 'REJECTED'").as("plansRejected")])
        .executeTakeFirstOrThrow();
      const records = await of("record")
        .select([
          count("state = 'cosigned'").as("recordsCosigned"),
          count("state = 'disputed'").as("recordsDisputed"),
          count("epoch in (select epoch from epoch where committed_tx is not null)").as("recordsAnchored"),
        ])
        .executeTakeFirstOrThrow();
      const sum = (column: string) => sql<number>`coalesce(sum(${sql.ref(column)}), 0)`;
      // What was deleted for its age stays counted.
      const thinned = await of("thinned")
        .select([
          sum("samples").as("samples"),
          sum("slots").as("slots"),
          sum("switches").as("switches"),
          sum("import_wh").as("importWh"),
          sum("export_wh").as("exportWh"),
          sum("plans_accepted").as("plansAccepted"),
          sum("plans_rejected").as("plansRejected"),
        ])
        .executeTakeFirstOrThrow();
      return {
        samples: Number(items.samples) + Number(thinned.samples),
        slots: Number(items.slots) + Number(thinned.slots),
        switches: Number(items.switches) + Number(thinned.switches),
        importWh: Number(items.importWh) + Number(thinned.importWh),
        exportWh: Number(items.exportWh) + Number(thinned.exportWh),
        plansAccepted: Number(plans.plansAccepted) + Number(thinned.plansAccepted),
        plansRejected: Number(plans.plansRejected) + Number(thinned.plansRejected),
        recordsCosigned: Number(records.recordsCosigned),
        recordsDisputed: Number(records.recordsDisputed),
        recordsAnchored: Number(records.recordsAnchored),
      };
    },
  };
}
