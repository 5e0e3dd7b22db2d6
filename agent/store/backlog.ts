import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import { sqliteFailure } from "./sqlite-failure.ts";

/**
 * Rows of the outbox on disk. Receipted ones leave it with the next batch of readings only, so it may hold some of the last
 * minutes. oldestMs: instant of the oldest, ms since 1970; null where there is none.
 */
export interface Backlog {
  rows: number;
  oldestMs: number | null;
}

/** Of an agent that may be running; null where there is no database. @throws AppError store-damaged, store-unusable */
export function readBacklog(file: string): Backlog | null {
  if (!existsSync(file)) return null;
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true });
    const count = db.prepare<[], { n: number }>("select count(*) as n from outbox").get()?.n ?? 0;
    const oldest = db
      .prepare<[], { at: string | null }>(
        `select coalesce(o.body ->> 'end', o.body ->> 'at', o.body ->> 'from') as at
         from outbox o join boot b on b.id = o.boot order by b.ordinal, o.seq limit 1`,
      )
      .get()?.at;
    return { rows: count, oldestMs: oldest ? Date.parse(oldest) : null };
  } catch (error) {
    throw sqliteFailure(error, file) ?? error;
  } finally {
    db?.close();
  }
}
