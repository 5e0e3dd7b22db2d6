import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { Kysely, sql, SqliteDialect } from "kysely";
import { AppError } from "../../core/app-error.ts";
import { migrations } from "./migrations.ts";
import type { Tables } from "./tables.ts";

/**
 * Opens (and makes, mode 0600) the SQLite file behind the aggregator's store, WAL with synchronous=FULL.
 * @throws AppError store-unusable, store-not-durable
 */
export async function openSqlite(file: string): Promise<Kysely<Tables>> {
  let database: Database.Database;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    database = new Database(file);
    chmodSync(file, 0o600);
  } catch (cause) {
    throw new AppError("store-unusable", `database ${file} cannot be opened; check that its folder exists and is writable`, { cause });
  }
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  if (database.pragma("synchronous", { simple: true }) !== 2)
    throw new AppError("store-not-durable", `database ${file} did not take synchronous=FULL`);
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  const version = database.pragma("user_version", { simple: true }) as number;
  for (let next = version; next < migrations.length; next++)
    await db.transaction().execute(async (transaction) => {
      for (const statement of migrations[next] ?? []) await sql.raw(statement).execute(transaction);
      await sql.raw(`pragma user_version = ${next + 1}`).execute(transaction);
    });
  return db;
}
