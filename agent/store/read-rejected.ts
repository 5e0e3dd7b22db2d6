import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import { AppError } from "../../core/app-error.ts";
import { sqliteFailure } from "./sqlite-failure.ts";

/** A frame of a meter that was not believed, as it came. */
export interface StoredRejection {
  meter: string;
  /** Instant of receipt, ms. */
  atMs: number;
  code: string;
  message: string;
  bytes: Uint8Array;
}

interface Row {
  meter: string;
  at_ms: number;
  code: string;
  message: string;
  bytes: Buffer;
}

/**
 * The rejected frames that an agent has kept, oldest first; it may be running.
 * @throws AppError store-unusable
 */
export function readRejected(file: string): StoredRejection[] {
  if (!existsSync(file)) throw new AppError("store-unusable", `no database ${file}; has the agent ever run?`);
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true });
    const rows = db.prepare<[], Row>("select meter, at_ms, code, message, bytes from rejected_frame order by id").all();
    return rows.map(({ meter, at_ms: atMs, code, message, bytes }) => ({ meter, atMs, code, message, bytes }));
  } catch (error) {
    throw sqliteFailure(error, file) ?? error;
  } finally {
    db?.close();
  }
}
