import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { Kysely, sql, SqliteDialect } from "kysely";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { migrations } from "./migrations.ts";
import type { Tables } from "./tables.ts";

/**
 * Opens (and makes, mode 0600) the SQLite file behind the aggregator's store, WAL with synchronous=FULL.
 * @throws AppError store-unusable, store-not-durable, store-too-new
 */
export async function openSqlite(file: string): Promise<Kysely<Tables>> {
  let database: Database.Database;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    database = new Database(file);
    chmodSync(file, 0o600);
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
  } catch (cause) {
    throw unusable(file, cause);
  }
  if (database.pragma("synchronous", { simple: true }) !== 2)
    throw new AppError("store-not-durable", `database ${file} did not take synchronous=FULL`);
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  const version = database.pragma("user_version", { simple: true }) as number;
  if (version > migrations.length) {
    await db.destroy();
    throw new AppError(
      "store-too-new",
      `database ${file} has version ${version}, this program knows ${migrations.length}; install a newer one`,
    );
  }
  try {
    for (let next = version; next < migrations.length; next++)
      await db.transaction().execute(async (transaction) => {
        for (const statement of migrations[next] ?? []) await sql.raw(statement).execute(transaction);
        await sql.raw(`pragma user_version = ${next + 1}`).execute(transaction);
      });
  } catch (cause) {
    await db.destroy();
    throw unusable(file, cause);
  }
  return db;
}

function unusable(file: string, cause: unknown): AppError {
  const message = `database ${file} cannot be used (${errorMessage(cause)}); check its folder, its mode and the disk`;
  return new AppError("store-unusable", message, { cause });
}
