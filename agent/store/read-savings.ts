import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import { AppError } from "../../core/app-error.ts";
import { savingsLines, spanReachMs, type SavingsLine } from "../savings/savings-ledger.ts";
import { savingsStore } from "./savings-store.ts";
import { sqliteFailure } from "./sqlite-failure.ts";

/**
 * The lines of savings in [from, to) that an agent has kept; it may be running.
 * @param period instants in ms, and the site's IANA zone
 * @throws AppError store-unusable, store-damaged
 */
export function readSavings(file: string, period: { fromMs: number; toMs: number; zone: string }): SavingsLine[] {
  if (!existsSync(file)) throw new AppError("store-unusable", `no database ${file}; has the agent ever run?`);
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true });
    return linesOf(db, file, period);
  } catch (error) {
    throw sqliteFailure(error, file) ?? error;
  } finally {
    db?.close();
  }
}

/** The same from an open database. @throws AppError store-unusable */
export function linesOf(
  db: Database.Database,
  file: string,
  period: { fromMs: number; toMs: number; zone: string },
): SavingsLine[] {
  const known = db.prepare("select 1 from sqlite_master where name = 'savings_slot'").get();
  if (!known) throw new AppError("store-unusable", `database ${file} is of an older release; start the agent of this one once`);
  const store = savingsStore(db);
  const { fromMs, toMs } = period;
  return savingsLines(store.slots(fromMs - spanReachMs, toMs + spanReachMs), store.payments(fromMs, toMs), period);
}
