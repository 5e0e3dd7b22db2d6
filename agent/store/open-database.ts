import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { AppError } from "../../core/app-error.ts";
import { migrations } from "./migrations.ts";
import { sqliteFailure, unusable } from "./sqlite-failure.ts";

/** better-sqlite3's synchronous handle; SQL stays in agent/store. */
export type Db = Database.Database;

/**
 * Opens (and makes, mode 0600) the agent's database: WAL with synchronous=FULL, set and read back,
 * because the library's own default under WAL loses acknowledged rows at a power cut.
 * @throws AppError store-full, store-unusable, store-not-durable, store-too-new
 */
export function openDatabase(file: string): Db {
  let db: Db;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    db = new Database(file);
    chmodSync(file, 0o600);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.pragma("wal_autocheckpoint = 1000");
  } catch (cause) {
    throw sqliteFailure(cause, file) ?? unusable(file, cause);
  }
  const synchronous = db.pragma("synchronous", { simple: true });
  const journal = db.pragma("journal_mode", { simple: true });
  if (synchronous !== 2 || journal !== "wal") {
    db.close();
    throw new AppError(
      "store-not-durable",
      `database ${file} runs with journal ${String(journal)}, synchronous ${String(synchronous)}; wal and 2 are needed`,
    );
  }
  migrate(db, file);
  return db;
}

function migrate(db: Db, file: string): void {
  const version = db.pragma("user_version", { simple: true }) as number;
  if (version > migrations.length) {
    db.close();
    throw new AppError(
      "store-too-new",
      `database ${file} has version ${version}, this program knows ${migrations.length}; install a newer one`,
    );
  }
  for (let next = version; next < migrations.length; next++)
    db.transaction(() => {
      db.exec(migrations[next] ?? "");
      db.pragma(`user_version = ${next + 1}`);
    })();
}
