import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { migrations } from "../../../agent/store/migrations.ts";
import { openDatabase } from "../../../agent/store/open-database.ts";
import { openStore } from "../../fake/open-store.ts";
import { scratch } from "../../fake/scratch.ts";

function refusal(open: () => unknown): string {
  try {
    open();
    return "opened";
  } catch (error) {
    return errorCode(error);
  }
}

it("writes every commit through to the disk: WAL with synchronous FULL", () => {
  const db = openStore();
  expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
  expect(db.pragma("synchronous", { simple: true })).toBe(2);
});

it("makes its folder and files for its own user only", () => {
  const folder = join(scratch("test"), "state", "agent");
  const db = openStore(join(folder, "data.db"));
  db.exec("insert into ledger values ('grid', '{}')");
  expect(readdirSync(folder).toSorted()).toEqual(["data.db", "data.db-shm", "data.db-wal"]);
  for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777, file).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

it("takes back a database that was open to others", () => {
  const file = join(scratch("test"), "data.db");
  openStore(file).close();
  chmodSync(file, 0o644);
  openStore(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it("opens the same database again without changing it", () => {
  const file = join(scratch("test"), "data.db");
  const first = openStore(file);
  first.exec("insert into ledger values ('grid', '{}')");
  const schema = first.prepare("select sql from sqlite_schema").all();
  first.close();
  const again = openStore(file);
  expect(again.prepare("select sql from sqlite_schema").all()).toEqual(schema);
  expect(again.prepare("select count(*) as n from ledger").get()).toEqual({ n: 1 });
  expect(again.pragma("user_version", { simple: true })).toBe(migrations.length);
});

it("refuses a database that a later version has written, and leaves it as it is", () => {
  const file = join(scratch("test"), "data.db");
  openStore(file).close();
  const later = new Database(file);
  later.pragma(`user_version = ${migrations.length + 1}`);
  later.close();
  expect(refusal(() => openDatabase(file))).toBe("store-too-new");
  const after = new Database(file);
  expect(after.pragma("user_version", { simple: true })).toBe(migrations.length + 1);
  after.close();
});

it("names a file that is no database as damaged, and a folder in its place as unusable", () => {
  const folder = scratch("test");
  writeFileSync(join(folder, "text.db"), "this is not a database, whatever its name says".repeat(100));
  mkdirSync(join(folder, "folder.db"));
  expect(refusal(() => openDatabase(join(folder, "text.db")))).toBe("store-damaged");
  expect(refusal(() => openDatabase(join(folder, "folder.db")))).toBe("store-unusable");
});

it("refuses a database in memory: it would not be durable", () => {
  expect(refusal(() => openDatabase(":memory:"))).not.toBe("opened");
});

it("keeps a copy of what it was before it is brought to a newer version, once", () => {
  const file = join(scratch("test"), "data.db");
  const old = new Database(file);
  old.exec(migrations[0] ?? "");
  old.pragma("user_version = 1");
  old.exec("insert into ledger values ('grid', '{}')");
  old.close();
  openStore(file).close();
  const copy = new Database(`${file}.v1.bak`, { readonly: true });
  expect(copy.pragma("user_version", { simple: true })).toBe(1);
  expect(copy.prepare("select * from ledger").all()).toEqual([{ meter: "grid", state: "{}" }]);
  copy.close();
  expect(statSync(`${file}.v1.bak`).mode & 0o777).toBe(0o600);
  const again = openStore(file);
  again.exec("delete from ledger");
  again.pragma("user_version = 1");
  again.exec(
    "drop table override; drop table secret; drop table settlement_hold; drop table consent; drop table thinned; drop table own_price",
  );
  again.exec("drop table savings_slot; drop table savings_appliance; drop table observed_slot");
  again.exec("drop table cosigned; drop table epoch_inclusion; drop table publication");
  again.exec(
    "drop table exchange_trade; drop table exchange_price; drop table exchange_pair; drop table remote_config; drop table newest_statement",
  );
  for (const column of ["mode", "power_w"]) again.exec(`alter table switching drop column ${column}`);
  again.close();
  openStore(file).close();
  const first = new Database(`${file}.v1.bak`, { readonly: true });
  expect(first.prepare("select count(*) as n from ledger").get()).toEqual({ n: 1 });
  first.close();
});

it("makes no copy of a new database", () => {
  const folder = scratch("test");
  openStore(join(folder, "data.db")).close();
  expect(readdirSync(folder)).toEqual(["data.db"]);
});
