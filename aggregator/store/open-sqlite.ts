import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { Kysely, sql } from "kysely";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { type Engine, migrate } from "./migrate.ts";
import type { ManyRows } from "./many-rows.ts";
import { PatientSqlite } from "./patient-sqlite.ts";
import { sqliteRows } from "./sqlite-rows.ts";
import type { Tables } from "./tables.ts";
import { type OnQuery, timed } from "./timed.ts";

/** Pages of deleted rows that are given back to the disk at a time: 4 MB. */
const pagesAtOnce = 1000;

/** An open SQLite database. */
export interface OpenSqlite {
  db: Kysely<Tables>;
  many: ManyRows;
  /** Gives some pages of deleted rows back to the disk. */
  freePages(): void;
}

/**
 * Pages that many rows touch are written once for all of them: 32 MiB of pages in memory, and 16 MiB of log before it is
 * taken into the file. Another program's lock is not waited for within SQLite, which would hold up this thread.
 */
const settings = ["cache_size = -32768", "wal_autocheckpoint = 4000", "busy_timeout = 0"];

/**
 * Opens (and makes, mode 0600) the SQLite file behind the aggregator's store, WAL with synchronous=FULL.
 * @throws AppError store-unusable, store-not-durable, store-too-new
 */
export async function openSqlite(file: string, onQuery?: OnQuery): Promise<OpenSqlite> {
  let database: Database.Database;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    database = new Database(file);
    chmodSync(file, 0o600);
    // Of a new file: pages of deleted rows can be given back some at a time. An old one uses them for new rows.
    database.pragma("auto_vacuum = INCREMENTAL");
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    for (const setting of settings) database.pragma(setting);
  } catch (cause) {
    throw unusable(file, cause);
  }
  if (database.pragma("synchronous", { simple: true }) !== 2)
    throw new AppError("store-not-durable", `database ${file} did not take synchronous=FULL`);
  const db = new Kysely<Tables>({ dialect: new PatientSqlite(database), ...timed(onQuery) });
  try {
    await migrate(db, engine, file);
  } catch (cause) {
    await db.destroy();
    throw cause instanceof AppError ? cause : unusable(file, cause);
  }
  return {
    db,
    many: sqliteRows(database, onQuery),
    // The whole pragma: a statement of the query builder would end after its first page.
    freePages: () => void database.exec(`pragma incremental_vacuum(${pagesAtOnce})`),
  };
}

const engine: Engine = {
  version: async (db) => {
    const { rows } = await sql<{ user_version: number }>`pragma user_version`.execute(db);
    return rows[0]?.user_version ?? 0;
  },
  setVersion: async (transaction, version) => void (await sql.raw(`pragma user_version = ${version}`).execute(transaction)),
  statement: (text) => text,
};

function unusable(file: string, cause: unknown): AppError {
  const message = `database ${file} cannot be used (${errorMessage(cause)}); check its folder, its mode and the disk`;
  return new AppError("store-unusable", message, { cause });
}
