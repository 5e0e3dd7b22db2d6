import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Db } from "./open-database.ts";

/** What a gateway knows of its home's energy and appliances. Settlement records, prices and consents stay. */
const personal = [
  "sample",
  "slot",
  "thinned",
  "ledger",
  "outbox",
  "rejected_frame",
  "switching",
  "savings_slot",
  "savings_appliance",
  "observed_slot",
  "instruction_list",
  "override",
] as const;

/** Deletes readings and what follows from them, and writes the file anew so that nothing is left in its pages. */
export function eraseReadings(db: Db): Record<string, number> {
  db.pragma("secure_delete = on");
  const erased = db.transaction(() =>
    Object.fromEntries(personal.map((table) => [table, db.prepare(`delete from "${table}"`).run().changes])),
  )();
  db.exec("vacuum");
  db.pragma("wal_checkpoint(truncate)");
  return erased;
}

/** Copies of a database beside it (before migrations and restores, damaged ones), which hold readings of their own. */
export function copiesOf(databaseFile: string): string[] {
  const [folder, name] = [dirname(databaseFile), basename(databaseFile)];
  return readdirSync(folder)
    .filter((file) => file.startsWith(`${name}.`) && file !== `${name}.reserve`)
    .map((file) => join(folder, file));
}
