import { join } from "node:path";
import Database from "better-sqlite3";
import { AppError } from "../core/app-error.ts";

/**
 * Takes a state folder for this process alone. The lock is the kernel's own on a file of SQLite, so it is gone with its
 * process however that ends, and there is nothing to clean up.
 * @returns lets it go
 * @throws AppError agent-running, temporary
 */
export function lockFolder(stateFolder: string): () => void {
  let db: Database.Database | undefined;
  try {
    db = new Database(join(stateFolder, "agent.lock"), { timeout: 0 });
    db.exec("begin exclusive");
  } catch (cause) {
    db?.close();
    if (cause instanceof Error && "code" in cause && String(cause.code).startsWith("SQLITE_BUSY"))
      throw new AppError(
        "agent-running",
        `an agent runs with ${stateFolder} already; two would switch against each other: stop it first (systemctl stop smart-mla-agent)`,
        // The other one may end, and then this one is needed.
        { temporary: true, cause },
      );
    // A folder that takes no file is for the database to judge.
    return () => undefined;
  }
  return () => db.close();
}
