import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openDatabase, type Db } from "../../agent/store/open-database.ts";
import { scratch } from "./scratch.ts";

/** An agent's database in a folder of its own, closed after the test. */
export function openStore(file: string = join(scratch("test"), "data.db")): Db {
  const db = openDatabase(file);
  onTestFinished(() => void db.close());
  return db;
}
