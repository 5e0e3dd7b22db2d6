import Database from "better-sqlite3";
import pg from "pg";
import type { DatabasePlace } from "../../aggregator/store/database-place.ts";

/**
 * Another program that keeps all others from writing readings until it is told to stop: a session of PostgreSQL with the table, one
 * of SQLite with the file's only lock.
 */
export async function holdDatabase(place: DatabasePlace): Promise<{ release(): Promise<void> }> {
  if (place.engine === "sqlite") {
    const other = new Database(place.file);
    other.exec("begin immediate");
    return {
      async release() {
        other.exec("rollback");
        other.close();
      },
    };
  }
  const other = new pg.Client({ connectionString: place.url });
  await other.connect();
  await other.query("begin");
  await other.query("lock table item in access exclusive mode");
  return {
    async release() {
      await other.query("rollback");
      await other.end();
    },
  };
}
