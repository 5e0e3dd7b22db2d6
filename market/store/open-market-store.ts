import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { type Generated, Kysely, sql, SqliteDialect } from "kysely";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { type MarketRecord, type MarketRecordStore, marketRecordStore } from "./market-record-store.ts";
import type { FlexibilityConfig } from "../config/market-config.ts";
import type { KeptStep } from "../flexibility/kept-step.ts";

/** Tables of the market's database. */
export interface MarketTables {
  steps: { seq: Generated<number>; period: string; step: string };
  session: { period: string; rules: string; closed: number };
  record: {
    participant: string;
    seq: number;
    order_id: string;
    body: string;
    digest: string;
    evidence: string;
    state: MarketRecord["state"];
    their_signature: string | null;
    own_signature: string | null;
  };
}

/** What is kept of one session. */
export interface KeptSession {
  steps(): Promise<KeptStep[]>;
  /** @param rules by what the session goes from this step on, whatever the configuration will be; null: nothing new */
  add(step: KeptStep, rules: FlexibilityConfig | null): Promise<void>;
  /** Null before the gate of the prognoses. */
  rules(): Promise<FlexibilityConfig | null>;
  /** Nothing more comes of it. */
  close(): Promise<void>;
}

/** What the market keeps: the steps of each session, by its period, and records of settled orders. */
export interface MarketStore {
  records: MarketRecordStore;
  steps(period: string): KeptSession;
  /** Periods with steps, the newest first, at most so many. */
  periods(most: number): Promise<string[]>;
  /** Periods of sessions that are not closed. @param most of those of which an older program did not keep that, the newest */
  openPeriods(most: number): Promise<string[]>;
  close(): Promise<void>;
}

const migrations = [
  [
    "create table steps (seq integer primary key, period text not null, step text not null)",
    "create index steps_by_period on steps (period, seq)",
  ],
  [
    `create table record (
      participant text not null, seq integer not null, order_id text not null unique, body text not null, digest text not null,
      evidence text not null, state text not null, their_signature text, own_signature text, primary key (participant, seq))`,
  ],
  ["create table session (period text not null primary key, rules text not null, closed integer not null)"],
];

/**
 * Opens (and makes, mode 0600) the market's database, WAL with synchronous=FULL.
 * @throws AppError store-unusable, store-not-durable, store-too-new
 */
export async function openMarketStore(file: string): Promise<MarketStore> {
  let database: Database.Database;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    database = new Database(file);
    chmodSync(file, 0o600);
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
  } catch (cause) {
    throw new AppError(
      "store-unusable",
      `database ${file} cannot be used (${errorMessage(cause)}); check its folder, its mode and the disk`,
      {
        cause,
      },
    );
  }
  if (database.pragma("synchronous", { simple: true }) !== 2)
    throw new AppError("store-not-durable", `database ${file} did not take synchronous=FULL`);
  const db = new Kysely<MarketTables>({ dialect: new SqliteDialect({ database }) });
  const version = Number(database.pragma("user_version", { simple: true }));
  if (version > migrations.length) {
    await db.destroy();
    throw new AppError(
      "store-too-new",
      `database ${file} has version ${version}, this program knows ${migrations.length}; install a newer one`,
    );
  }
  for (let next = version; next < migrations.length; next += 1)
    await db.transaction().execute(async (transaction) => {
      for (const text of migrations[next] ?? []) await sql.raw(text).execute(transaction);
      await sql.raw(`pragma user_version = ${next + 1}`).execute(transaction);
    });
  return {
    records: marketRecordStore(db),
    steps: (period) => ({
      async steps() {
        const rows = await db.selectFrom("steps").select("step").where("period", "=", period).orderBy("seq").execute();
        return rows.map(({ step }) => JSON.parse(step, readFigures) as KeptStep);
      },
      async add(step, rules) {
        await db.transaction().execute(async (part) => {
          if (rules)
            await part
              .insertInto("session")
              .values({ period, rules: JSON.stringify(rules, writeFigures), closed: 0 })
              .onConflict((on) => on.doNothing())
              .execute();
          await part
            .insertInto("steps")
            .values({ period, step: JSON.stringify(step, writeFigures) })
            .execute();
        });
      },
      async rules() {
        const row = await db.selectFrom("session").select("rules").where("period", "=", period).executeTakeFirst();
        return row ? (JSON.parse(row.rules, readFigures) as FlexibilityConfig | null) : null;
      },
      async close() {
        await db
          .insertInto("session")
          .values({ period, rules: "null", closed: 1 })
          .onConflict((on) => on.column("period").doUpdateSet({ closed: 1 }))
          .execute();
      },
    }),
    async periods(most) {
      const rows = await db.selectFrom("steps").select("period").distinct().orderBy("period", "desc").limit(most).execute();
      return rows.map(({ period }) => period);
    },
    async openPeriods(most) {
      const known = await db.selectFrom("session").select("period").where("closed", "=", 0).execute();
      const others = await db
        .selectFrom("steps")
        .select("period")
        .distinct()
        .where("period", "not in", db.selectFrom("session").select("period"))
        .orderBy("period", "desc")
        .limit(most)
        .execute();
      return [...known, ...others].map(({ period }) => period).toSorted();
    },
    close: () => db.destroy(),
  };
}

/** JSON knows neither bigint nor infinite figures. No text of a step looks like this: ids are UUIDs. */
const writeFigures = (_: string, value: unknown): unknown =>
  typeof value === "bigint"
    ? { $bigint: String(value) }
    : typeof value === "number" && !Number.isFinite(value)
      ? { $number: String(value) }
      : value;

const readFigures = (_: string, value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  if ("$bigint" in value) return BigInt(String(value.$bigint));
  return "$number" in value ? Number(value.$number) : value;
};
