import type { AppError } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Db } from "./open-database.ts";
import { markDamaged } from "./open-sound.ts";
import type { Outbox } from "./outbox.ts";
import type { Reserve } from "./reserve.ts";
import type { Retention } from "./retention.ts";
import { sqliteFailure } from "./sqlite-failure.ts";

/**
 * Runs writes as one transaction, which also deletes what the aggregator has receipted. On a full disk it makes room first,
 * readings thinned before any is dropped, and tries once more; a broken page is told, so that the agent ends and its next
 * start sets the database aside.
 * @returns the function that throws AppError store-full, store-damaged, store-unusable
 */
export function atomicWrites(options: {
  db: Db;
  file: string;
  retention: Pick<Retention, "squeeze">;
  outbox: Pick<Outbox, "letGo">;
  /** Gives up rows that wait to be delivered and are no slots; gives how many. The last resort. */
  giveUp: () => number;
  reserve: Pick<Reserve, "release">;
  clock: Pick<Clock, "now">;
  log: Log;
  /** Gets store-damaged. */
  broken: (error: AppError) => void;
}): (writes: () => void) => void {
  const { db, file, outbox, retention, reserve, clock, log } = options;
  const squeezed = (): number => {
    try {
      return outbox.letGo() || retention.squeeze(clock.now()) || options.giveUp();
    } catch {
      // Not even room to delete; the write that follows says so.
      return 0;
    }
  };
  const together = db.transaction((writes: () => void) => {
    // First, so that the writes find the room.
    outbox.letGo();
    writes();
  });
  return (writes) => {
    try {
      together(writes);
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
        together(writes);
      } catch (still) {
        throw sqliteFailure(still, file) ?? still;
      }
    }
  };
}
