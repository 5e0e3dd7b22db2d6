import { type Kysely, sql } from "kysely";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { Tables } from "./tables.ts";

/** Records of one home, day, kind and payer, added up. */
export interface SettledSum {
  site: string;
  /** Midnight in UTC of the day in which the service periods begin. */
  dayMs: number;
  kind: RecordWire["kind"];
  /** Owner address of who owes it. */
  payer: string;
  records: number;
  wh: number;
  /** Micro-units of the currency. */
  micro: bigint;
}

/** What was settled, added up. */
export interface SettledSumsStore {
  /** Records that both have signed and whose period begins within from <= t < to, of one home or of all (null). */
  settledSums(span: { fromMs: number; toMs: number; site: string | null }): Promise<SettledSum[]>;
}

const dayMs = 86_400_000;

/** Sums in the aggregator's database. */
export function settledSumsStore(db: Kysely<Tables>): SettledSumsStore {
  return {
    async settledSums({ fromMs, toMs, site }) {
      const day = sql<number>`start_ms - start_ms % ${sql.lit(dayMs)}`;
      let query = db
        .selectFrom("record")
        .select([
          "site",
          "kind",
          "payer",
          day.as("day_ms"),
          (eb) => eb.fn.countAll().as("records"),
          (eb) => eb.fn.sum("wh").as("wh"),
        ])
        .select(sql<string>`cast(sum(cast(micro as numeric)) as text)`.as("micro"))
        .where("state", "=", "cosigned")
        .where("start_ms", ">=", fromMs)
        .where("start_ms", "<", toMs)
        .groupBy(["site", "kind", "payer", day])
        .orderBy(day)
        .orderBy("site")
        .orderBy("kind")
        .orderBy("payer");
      if (site !== null) query = query.where("site", "=", site);
      return (await query.execute()).flatMap((row) => {
        const { kind, payer } = row;
        if (kind === null || payer === null) return [];
        const { records, wh, micro } = row;
        return [
          {
            site: row.site,
            dayMs: Number(row.day_ms),
            kind,
            payer,
            records: Number(records),
            wh: Number(wh),
            micro: BigInt(micro),
          },
        ];
      });
    },
  };
}
