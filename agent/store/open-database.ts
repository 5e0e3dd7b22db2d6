import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
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
 * @throws AppError store-full, store-damaged, store-unusable, store-not-durable, store-too-new
 */
export function openDatabase(file: string): Db {
  let db: Db | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    db = new Database(file);
    chmodSync(file, 0o600);
    // Each commit writes the pages that it touches anew: with half the usual size half the bytes, and rows still fit in one.
    // A database that is there already keeps its own.
    db.pragma("page_size = 2048");
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.pragma("wal_autocheckpoint = 1000");
    demandDurable(db, file);
    migrate(db, file);
    return db;
  } catch (cause) {
    db?.close();
    throw cause instanceof AppError ? cause : (sqliteFailure(cause, file) ?? unusable(file, cause));
  }
}

function demandDurable(db: Db, file: string): void {
  const synchronous = db.pragma("synchronous", { simple: true });
  const journal = db.pragma("journal_mode", { simple: true });
  if (synchronous !== 2 || journal !== "wal")
    throw new AppError(
      "store-not-durable",
      `database ${file} runs with journal ${String(journal)}, synchronous ${String(synchronous)}; wal and 2 are needed`,
    );
}

function migrate(db: Db, file: string): void {
  const version = db.pragma("user_version", { simple: true }) as number;
  if (version > migrations.length)
    throw new AppError(
      "store-too-new",
      `database ${file} has version ${version}, this program knows ${migrations.length}; install a newer one`,
    );
  if (version > 0 && version < migrations.length) keepCopy(db, `${file}.v${version}.bak`);
  for (let next = version; next < migrations.length; next++)
    db.transaction(() => {
      db.exec(migrations[next] ?? "");
      db.pragma(`user_version = ${next + 1}`);
    })();
}

/** What a release that does not know the new version can go back to. The first copy of a version is the one that counts. */
function keepCopy(db: Db, copy: string): void {
  if (existsSync(copy)) return;
  const half = `${copy}.part`;
  rmSync(half, { force: true });
  db.prepare("vacuum into ?").run(half);
  chmodSync(half, 0o600);
  renameSync(half, copy);
}
