import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "better-sqlite3";
import { CompiledQuery, type DatabaseConnection, SqliteDialect, SqliteDriver } from "kysely";

/** So long is waited for the lock of a database that another program writes. */
const mostMs = 60_000;
const stepMs = 50;
const immediately = CompiledQuery.raw("begin immediate");

/**
 * SQLite whose lock another program may hold for a while, such as a person's shell. SQLite itself would wait in this thread, which
 * could do nothing else meanwhile; here it is asked again and again. A transaction takes the lock when it begins, so that nothing
 * within it can meet another's.
 */
export class PatientSqlite extends SqliteDialect {
  readonly #database: Database;

  constructor(database: Database) {
    super({ database });
    this.#database = database;
  }

  override createDriver(): SqliteDriver {
    return new PatientDriver(this.#database);
  }
}

class PatientDriver extends SqliteDriver {
  readonly #database: Database;
  #patient: DatabaseConnection | undefined;

  constructor(database: Database) {
    super({ database });
    this.#database = database;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    this.#patient ??= {
      executeQuery: (query) => patiently(() => connection.executeQuery(query)),
      streamQuery: (query, size) => connection.streamQuery(query, size),
    };
    return this.#patient;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(immediately);
  }

  /** A full or broken disk ends a transaction by itself; to say then that there is none would hide why. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.inTransaction) await super.rollbackTransaction(connection);
  }
}

async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  const untilMs = performance.now() + mostMs;
  for (;;)
    try {
      return await ask();
    } catch (error) {
      if (!isLocked(error) || performance.now() >= untilMs) throw error;
      await delay(stepMs);
    }
}

/** A statement that meets the lock has done nothing. */
const isLocked = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "SQLITE_BUSY";
