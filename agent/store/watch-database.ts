import { statSync, type Stats } from "node:fs";
import { AppError } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";

const everyMs = 60_000;

/**
 * Tells once when the database file is no longer the one that was opened: SQLite goes on writing into a file that was
 * deleted or replaced, and all of it would be lost at the next start.
 * @param options.gone gets AppError store-gone; the agent should end, so that it starts anew with a file of its own
 */
export function watchDatabase(options: {
  file: string;
  clock: Clock;
  gone: (error: AppError) => void;
  signal: AbortSignal;
}): void {
  const identity = (): Stats | undefined => statSync(options.file, { throwIfNoEntry: false });
  const opened = identity();
  const told = new AbortController();
  options.clock.every(
    everyMs,
    () => {
      const now = identity();
      if (now !== undefined && now.ino === opened?.ino && now.dev === opened.dev) return;
      told.abort();
      const what = now === undefined ? "was deleted" : "was replaced";
      options.gone(
        new AppError("store-gone", `database ${options.file} ${what} while the agent ran; it starts anew`, { temporary: true }),
      );
    },
    AbortSignal.any([options.signal, told.signal]),
  );
}
