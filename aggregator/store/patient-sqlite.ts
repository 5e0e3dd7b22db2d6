import { setTimeout as delay } from "node:timers/promises";
import { CompiledQuery, type DatabaseConnection, SqliteDialect, type SqliteDialectConfig, SqliteDriver } from "kysely";

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
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): SqliteDriver {
    return new PatientDriver(this.#config);
  }
}

class PatientDriver extends SqliteDriver {
  #patient: DatabaseConnection | undefined;

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
