import type { AppError } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Db } from "./open-database.ts";
import { markDamaged } from "./open-sound.ts";
import type { Reserve } from "./reserve.ts";
import type { Retention } from "./retention.ts";
import { sqliteFailure } from "./sqlite-failure.ts";

/**
 * Runs writes as one transaction. On a full disk it makes room first, readings thinned before any is dropped, and tries once
 * more; a broken page is told, so that the agent ends and its next start sets the database aside.
 * @returns the function that throws AppError store-full, store-damaged, store-unusable
 */
export function atomicWrites(options: {
  db: Db;
  file: string;
  retention: Pick<Retention, "squeeze">;
  /** Gives up rows that wait to be delivered and are no slots; gives how many. The last resort. */
  giveUp: () => number;
  reserve: Pick<Reserve, "release">;
  clock: Pick<Clock, "now">;
  log: Log;
  /** Gets store-damaged. */
  broken: (error: AppError) => void;
}): (writes: () => void) => void {
  const { db, file, retention, reserve, clock, log } = options;
  const squeezed = (): number => {
    try {
      return retention.squeeze(clock.now()) || options.giveUp();
    } catch {
      // Not even room to delete; the write that follows says so.
      return 0;
    }
  };
  return (writes) => {
    try {
      db.transaction(writes)();
    } catch (error) {
      const failure = sqliteFailure(error, file);
      if (failure?.code === "store-damaged") {
        markDamaged(file);
        options.broken(failure);
      }
      if (failure?.code !== "store-full") throw failure ?? error;
      const released = reserve.release();
      const rows = squeezed();
      if (!released && rows === 0) throw failure;
      log.warn({ code: failure.code, rows, reserve: released }, "disk full, older readings thinned to make room");
      try {
        db.transaction(writes)();
      } catch (still) {
        throw sqliteFailure(still, file) ?? still;
      }
    }
  };
}
