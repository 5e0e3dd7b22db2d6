import { AppError, errorMessage } from "../../core/app-error.ts";

/** A database that cannot be worked with, for whatever reason. */
export function unusable(file: string, cause: unknown): AppError {
  const message = `database ${file} cannot be used (${errorMessage(cause)}); check its folder, its mode and the disk`;
  return new AppError("store-unusable", message, { cause });
}

/** A database whose pages are broken. At the next start it is set aside and the agent goes on with what can be saved of it. */
export function damaged(file: string, cause: unknown): AppError {
  const message = `database ${file} is damaged (${errorMessage(cause)}); it is set aside at the next start, never deleted`;
  return new AppError("store-damaged", message, { cause, temporary: true });
}

/**
 * A failure of SQLite itself in our codes, with the file's name: store-full, store-damaged, else store-unusable.
 * Undefined for other errors.
 */
export function sqliteFailure(error: unknown, file: string): AppError | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  if (!error.code.startsWith("SQLITE_")) return undefined;
  if (error.code === "SQLITE_FULL")
    return new AppError("store-full", `no room for database ${file}; free space on its disk`, { temporary: true, cause: error });
  if (error.code === "SQLITE_NOTADB" || error.code.startsWith("SQLITE_CORRUPT")) return damaged(file, error);
  return unusable(file, error);
}
