import Database from "better-sqlite3";
import { hold } from "./settlement-hold.ts";
import type { Db } from "./open-database.ts";

/**
 * What is worth taking from a broken database, and which of its columns hold JSON. Single readings stay where they are:
 * they are many, and nothing rests on them.
 */
const tables: Record<string, readonly string[]> = {
  replay: [],
  secret: [],
  override: [],
  switching: [],
  consent: ["body"],
  boot: [],
  instruction_list: ["body"],
  price_series: ["body"],
  own_price: [],
  ledger: ["state"],
  record: ["body", "evidence"],
  cosigned: [],
  epoch_inclusion: ["body"],
  publication: [],
  newest_statement: [],
  exchange_trade: ["body"],
  exchange_price: ["body"],
  slot: [],
  savings_slot: [],
  savings_appliance: [],
  observed_slot: [],
  outbox: ["body"],
};

/**
 * Copies rows one by one until a page cannot be read, from each table by itself, and holds settlement: the newest signed
 * record may be among those that are lost, and a second one with its number must never be signed.
 * @returns rows taken over, by table
 */
export function salvage(from: string, into: Db, nowMs: number): Record<string, number> {
  hold(into, "the database was damaged", nowMs);
  const saved: Record<string, number> = {};
  let broken: Database.Database;
  try {
    broken = new Database(from, { readonly: true });
  } catch {
    return saved;
  }
  try {
    for (const [table, json] of Object.entries(tables)) saved[table] = into.transaction(copyTable)(broken, into, table, json);
  } finally {
    broken.close();
  }
  return saved;
}

function copyTable(from: Database.Database, into: Db, table: string, json: readonly string[]): number {
  let count = 0;
  try {
    const columns = into.prepare<[], { name: string }>(`select name from pragma_table_info('${table}')`).all();
    const there = new Set(
      from
        .prepare<[], { name: string }>(`select name from pragma_table_info('${table}')`)
        .all()
        .map(({ name }) => name),
    );
    // An older version lacks the newest columns.
    const names = columns.map(({ name }) => name).filter((name) => there.has(name));
    const insert = into.prepare(
      `insert or ignore into "${table}" (${names.join(", ")}) values (${names.map(() => "?").join(", ")})`,
    );
    for (const row of from.prepare<[], Record<string, unknown>>(`select ${names.join(", ")} from "${table}"`).iterate()) {
      if (!json.every((name) => isJson(row[name]))) continue;
      count += insertable(() => insert.run(...names.map((name) => row[name])).changes);
    }
  } catch {
    // The rest of this table cannot be read; it stays in the file that was set aside.
    return count;
  }
  return count;
}

/** A row of nonsense that the new table's types refuse is left out. */
function insertable(insert: () => number): number {
  try {
    return insert();
  } catch {
    return 0;
  }
}

function isJson(text: unknown): boolean {
  try {
    JSON.parse(String(text));
    return true;
  } catch {
    return false;
  }
}
