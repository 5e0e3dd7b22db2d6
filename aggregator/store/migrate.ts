import { type Kysely, sql, type Transaction } from "kysely";
import { AppError } from "../../core/app-error.ts";
import { migrations } from "./migrations.ts";
import type { Tables } from "./tables.ts";

/** How an engine keeps the version of its tables, and how it writes what the two engines write in different ways. */
export interface Engine {
  version(db: Kysely<Tables>): Promise<number>;
  setVersion(transaction: Transaction<Tables>, version: number): Promise<void>;
  /** A statement of the migrations in the engine's own words. */
  statement(text: string): string;
}

/**
 * Brings the tables to this program's version, each step in a transaction of its own.
 * @throws AppError store-too-new, and what the engine throws
 */
export async function migrate(db: Kysely<Tables>, engine: Engine, place: string): Promise<void> {
  const version = await engine.version(db);
  if (version > migrations.length)
    throw new AppError(
      "store-too-new",
      `database ${place} has version ${version}, this program knows ${migrations.length}; install a newer one`,
    );
  for (let next = version; next < migrations.length; next++)
    await db.transaction().execute(async (transaction) => {
      // Another program may have begun at the same moment, and have done it meanwhile.
      if ((await engine.version(transaction)) > next) return;
      for (const text of migrations[next] ?? []) await sql.raw(engine.statement(text)).execute(transaction);
      await engine.setVersion(transaction, next + 1);
    });
}
