import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import { iso } from "../../core/clock/clock.ts";
import type { ExportRow } from "../../core/export-row.ts";
import { InstructionList } from "../../core/message/instruction.ts";
import { SampleItem, SlotItem } from "../../core/message/measurements.ts";
import { FlexibilityEvidence } from "../../core/message/settlement-message.ts";
import type { Tables } from "./tables.ts";

/** What of an aggregator's database can be handed on as rows. */
export const aggregatorExports = ["readings", "slots", "plans", "events", "rewards"] as const;
export type AggregatorExport = (typeof aggregatorExports)[number];

/** Columns in their order, also where there is no row. */
export const aggregatorExportColumns: Record<AggregatorExport, readonly string[]> = {
  readings: ["at", "site", "meter", "powerW", "importWh", "exportWh", "quality", "clockSynced"],
  slots: ["start", "end", "site", "meter", "role", "register", "energyWh", "quality", "clockSynced"],
  plans: [
    "sentAt",
    "site",
    "resource",
    "plan",
    "agreement",
    "start",
    "end",
    "operationMode",
    "powerFactor",
    "reason",
    "answer",
    "answeredAt",
    "code",
    "message",
  ],
  events: [
    "start",
    "end",
    "site",
    "resource",
    "plan",
    "agreement",
    "meter",
    "baseline",
    "powerW",
    "answer",
    "overridden",
    "excused",
  ],
  rewards: ["start", "end", "site", "agreement", "earnedMicro", "amountMicro", "fundedPpm", "events", "reckonedAt"],
};

/** Which rows: whose instant, or whose start, is in [from, to), of one home or all that ever sent any. */
export interface ExportSpan {
  fromMs: number;
  toMs: number;
  site?: string;
  /** Rows that are read at once, so that memory stays bounded and nobody who writes is held. */
  pageRows?: number;
}

/** Rows for people and programs outside. */
export interface ExportStore {
  /** Pages of rows, in an order of the kind's own; what comes meanwhile may be among them. */
  exportRows(kind: AggregatorExport, span: ExportSpan): AsyncGenerator<ExportRow[]>;
}

const defaultPageRows = 1000;

/** The same out of the aggregator's database. */
export function exportStore(db: Kysely<Tables>): ExportStore {
  return { exportRows: (kind, span) => pages[kind](db, span) };
}

const pages: Record<AggregatorExport, (db: Kysely<Tables>, span: ExportSpan) => AsyncGenerator<ExportRow[]>> = {
  async *readings(db, span) {
    const { fromMs, toMs } = span;
    for await (const site of homesWithRows(db, span)) {
      const query = db.selectFrom("item").select(["boot", "seq", "body"]).where("site", "=", site).where("kind", "=", "sample");
      // Their instants stand in the body alone.
      for await (const rows of inPages(query, ["boot", "seq"], span))
        yield rows.flatMap(({ body }) => {
          const { at, meter, powerW, importWh, exportWh, quality, clockSynced } = SampleItem.parse(JSON.parse(body));
          const atMs = Date.parse(at);
          if (atMs < fromMs || atMs >= toMs) return [];
          return [{ at: iso(atMs), site, meter, powerW, importWh, exportWh, quality, clockSynced }];
        });
    }
  },
  async *slots(db, span) {
    for await (const site of homesWithRows(db, span)) {
      const query = db
        .selectFrom("item")
        .select(["role", "register", "start_ms", "boot", "seq", "body"])
        .where("site", "=", site)
        .where("kind", "=", "slot")
        .where("start_ms", ">=", span.fromMs)
        .where("start_ms", "<", span.toMs);
      for await (const rows of inPages(query, ["role", "register", "start_ms", "boot", "seq"], span))
        yield rows.map(({ body }) => {
          const { start, end, meter, role, register, wh, quality, clockSynced } = SlotItem.parse(JSON.parse(body));
          const instants = { start: iso(Date.parse(start)), end: iso(Date.parse(end)) };
          return { ...instants, site, meter, role, register, energyWh: wh, quality, clockSynced };
        });
    }
  },
  async *plans(db, span) {
    let query = db
      .selectFrom("plan")
      .select(["id", "site", "body", "sent_ms", "status", "code", "answered_ms", "message"])
      .where("sent_ms", ">=", span.fromMs)
      .where("sent_ms", "<", span.toMs);
    if (span.site !== undefined) query = query.where("site", "=", span.site);
    for await (const rows of inPages(query, ["id"], span))
      yield rows.flatMap((row): ExportRow[] => {
        const { site, body, sent_ms: sentMs, status: answer, answered_ms: answeredMs, code, message } = row;
        const { plan, resource, agreement = null, instructions } = InstructionList.parse(JSON.parse(body));
        const told = { sentAt: iso(Number(sentMs)), site, resource, plan, agreement };
        const said = { answer, answeredAt: answeredMs === null ? null : iso(Number(answeredMs)), code, message };
        // A list without instructions is told, too: from then on the home decides.
        if (instructions.length === 0)
          return [{ ...told, start: null, end: null, operationMode: null, powerFactor: null, reason: null, ...said }];
        return instructions.map(({ executionTime, validUntil, operationModeId, operationModeFactor = null, reason }) => ({
          ...told,
          start: iso(Date.parse(executionTime)),
          end: iso(Date.parse(validUntil)),
          operationMode: operationModeId,
          powerFactor: operationModeFactor,
          reason,
          ...said,
        }));
      });
  },
  async *events(db, span) {
    let query = db
      .selectFrom("flex_event")
      .selectAll()
      .select(
        sql<Tables["plan"]["status"]>`(select one.status from plan as one
          where one.plan = flex_event.plan and one.site = flex_event.site)`.as("answer"),
      )
      .where("start_ms", ">=", span.fromMs)
      .where("start_ms", "<", span.toMs);
    if (span.site !== undefined) query = query.where("site", "=", span.site);
    for await (const rows of inPages(query, ["site", "start_ms", "plan", "resource"], span))
      yield rows.map((row) => {
        const { site, resource, plan, agreement, meter, baseline, answer } = row;
        const instants = { start: iso(Number(row.start_ms)), end: iso(Number(row.end_ms)) };
        const powerW = row.power_w === null ? null : Number(row.power_w);
        const marks = { overridden: Number(row.overridden) === 1, excused: Number(row.excused) === 1 };
        return { ...instants, site, resource, plan, agreement, meter, baseline, powerW, answer, ...marks };
      });
  },
  async *rewards(db, span) {
    let query = db.selectFrom("reward").selectAll().where("start_ms", ">=", span.fromMs).where("start_ms", "<", span.toMs);
    if (span.site !== undefined) query = query.where("site", "=", span.site);
    for await (const rows of inPages(query, ["site", "start_ms"], span))
      yield rows.map((row) => {
        const evidence = row.evidence === null ? null : FlexibilityEvidence.parse(JSON.parse(row.evidence));
        return {
          start: iso(Number(row.start_ms)),
          end: iso(Number(row.end_ms)),
          site: row.site,
          agreement: row.agreement,
          earnedMicro: row.earned,
          amountMicro: row.amount,
          fundedPpm: evidence?.fundedPpm ?? null,
          events: evidence?.events.length ?? 0,
          reckonedAt: iso(Number(row.at_ms)),
        };
      });
  },
};

/** Home by home: the rows of one lie together, and PostgreSQL would sort those of all for each page. */
async function* homesWithRows(db: Kysely<Tables>, { site }: ExportSpan): AsyncGenerator<string> {
  if (site !== undefined) return yield site;
  for (let after: string | undefined; ;) {
    let query = db.selectFrom("item").select("site").orderBy("site").limit(1);
    if (after !== undefined) query = query.where("site", ">", after);
    const next = await query.executeTakeFirst();
    if (!next) return;
    yield next.site;
    after = next.site;
  }
}

/** A page begins after the last row of the one before, so that reading it passes over none again. @param key no two rows share it */
async function* inPages<TB extends keyof Tables, Row>(
  query: SelectQueryBuilder<Tables, TB, Row>,
  key: readonly (keyof Row & string)[],
  { pageRows = defaultPageRows }: ExportSpan,
): AsyncGenerator<Row[]> {
  const names = sql.join(key.map((name) => sql.ref(name)));
  const ordered = key.reduce((rest, name) => rest.orderBy(sql.ref(name)), query).limit(pageRows);
  let next = ordered;
  for (;;) {
    const rows = await next.execute();
    yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageRows) return;
    next = ordered.where(sql<boolean>`(${names}) > (${sql.join(key.map((name) => last[name]))})`);
  }
}
