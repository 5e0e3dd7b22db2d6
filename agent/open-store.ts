import { randomUUID } from "node:crypto";
import { errorCode, type AppError } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { Log } from "../core/log.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { atomicWrites } from "./store/atomic-writes.ts";
import type { Db } from "./store/open-database.ts";
import { openOutbox, type Outbox } from "./store/outbox.ts";
import { openSound } from "./store/open-sound.ts";
import { diskReserve } from "./store/reserve.ts";
import { retention } from "./store/retention.ts";
import { holdIfNew } from "./store/settlement-hold.ts";
import { watchDatabase } from "./store/watch-database.ts";

/** Small bites: a pass of control must never wait for housekeeping. */
const tidyEveryMs = 60_000;
const hoursPerTidy = 4;
const refillEveryMs = 3_600_000;
const giveUpAtOnce = 2000;
/** Receipts go to the disk with the next batch of readings; where no meter speaks, at the latest after this. */
const letGoEveryMs = 300_000;

/** The agent's database with all that keeps it whole and small. */
export interface OpenedStore {
  db: Db;
  outbox: Outbox;
  /** Runs writes as one transaction; makes room on a full disk. */
  atomically: (writes: () => void) => void;
  /** Writes the receipts that are only in memory, and closes the database. */
  close(): void;
}

/**
 * Opens the database, a damaged one set aside, and starts its housekeeping.
 * @param options.failed hears when going on is pointless: store-gone, store-damaged
 * @throws AppError store-full, store-unusable, store-not-durable, store-too-new
 */
export function openStore(options: {
  config: Pick<AgentConfig, "databaseFile" | "keep">;
  clock: Clock;
  log: Log;
  failed: (error: AppError) => void;
  signal: AbortSignal;
}): OpenedStore {
  const { config, clock, log, failed, signal } = options;
  const file = config.databaseFile;
  const { db, setAside } = openSound(file, clock.now());
  if (setAside) {
    const { file: aside, why, saved } = setAside;
    log.error({ code: "store-damaged", aside, why, saved }, "database was damaged: set aside, what could be read was taken over");
  }
  holdIfNew(db, clock.now());
  const [kept, reserve] = [retention(db, config.keep), diskReserve(`${file}.reserve`)];
  const outbox = openOutbox(db, randomUUID(), clock.now());
  const giveUp = (): number => outbox.giveUp(giveUpAtOnce);
  const atomically = atomicWrites({ db, file, outbox, retention: kept, giveUp, reserve, clock, log, broken: failed });
  const letGo = (): void => atomically(() => undefined);
  watchDatabase({ file, clock, gone: failed, signal });
  reserve.refill();
  clock.every(refillEveryMs, () => reserve.refill(), signal);
  // By a clock that nobody has set a year of readings might count as old.
  clock.every(tidyEveryMs, () => void (clock.synced() && kept.tidy(clock.now(), hoursPerTidy)), signal);
  clock.every(letGoEveryMs, letGo, signal);
  const close = (): void => {
    try {
      letGo();
    } catch (error) {
      log.debug({ code: errorCode(error) }, "receipts not written; their rows are sent again");
    }
    db.close();
  };
  return { db, outbox, atomically, close };
}
