import type { Kysely, Transaction } from "kysely";
import type { Tables } from "./tables.ts";

/** PostgreSQL: another transaction came between, or both waited for each other. */
const conflicts = new Set(["40001", "40P01"]);
const mostTries = 20;

/**
 * A transaction that is as if no other ran beside it. SQLite lets one write at a time anyway; PostgreSQL ends one of two that
 * cross, which is then done again. Within such a transaction it is a part of that.
 */
export async function serially<T>(db: Kysely<Tables>, work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db as Transaction<Tables>);
  for (let tries = 1; ; tries++) {
    try {
      return await db.transaction().setIsolationLevel("serializable").execute(work);
    } catch (error) {
      const crossed = error instanceof Error && "code" in error && conflicts.has(String(error.code));
      if (!crossed || tries === mostTries) throw error;
    }
  }
}
