import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { openDatabase, type Db } from "./open-database.ts";
import { salvage } from "./salvage.ts";
import { damaged } from "./sqlite-failure.ts";

/** A database that was broken, where it lies now, and what of it was taken over into the new one. */
export interface SetAside {
  /** Path of the file that was set aside. */
  file: string;
  why: string;
  /** Rows taken over, by table; a table that could not be read to its end has "some" of its rows. */
  saved: Record<string, number>;
}

/**
 * Opens the agent's database after a look at all of its pages. A damaged one is set aside under a name with the instant,
 * never deleted, and a new one takes over what can still be read of the rows that control, delivery and settlement rest on.
 * @throws AppError as openDatabase, but never store-damaged
 */
export function openSound(file: string, nowMs: number): { db: Db; setAside: SetAside | null } {
  let db: Db | undefined;
  try {
    const told = damageMark(file);
    if (existsSync(told)) throw damaged(file, new Error("an earlier run found it broken"));
    db = openDatabase(file);
    demandWhole(db, file);
    return { db, setAside: null };
  } catch (error) {
    db?.close();
    if (errorCode(error) !== "store-damaged") throw error;
    // Until all is taken over: an end in between must not leave an empty database that signs.
    markDamaged(file);
    const aside = `${file}.damaged-${iso(nowMs).replaceAll(":", "")}`;
    for (const part of ["", "-wal", "-shm"]) if (existsSync(file + part)) renameSync(file + part, aside + part);
    const fresh = openDatabase(file);
    const saved = salvage(aside, fresh, nowMs);
    rmSync(damageMark(file), { force: true });
    return { db: fresh, setAside: { file: aside, why: errorMessage(error), saved } };
  }
}

/** Lets the next start set the database aside, where a broken page showed itself only in use. */
export function markDamaged(file: string): void {
  // Without the mark the look at the start decides alone.
  try {
    writeFileSync(damageMark(file), "", { mode: 0o600 });
  } catch {
    return;
  }
}

/** The file that says so to the next start. */
export const damageMark = (file: string): string => `${file}.broken`;

/** @throws AppError store-damaged */
function demandWhole(db: Db, file: string): void {
  try {
    const said = db.pragma("quick_check(1)", { simple: true });
    if (said !== "ok") throw damaged(file, new Error(String(said)));
  } catch (error) {
    throw error instanceof AppError ? error : damaged(file, error);
  }
}
