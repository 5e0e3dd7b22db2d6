import { existsSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync, closeSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { markDamaged, openSound } from "../../../agent/store/open-sound.ts";
import { holdStore } from "../../../agent/store/settlement-hold.ts";
import { openStore } from "../../fake/open-store.ts";
import { scratch } from "../../fake/scratch.ts";

const nowMs = Date.parse("2026-03-04T05:06:07Z");

/** A database with a row in each table that matters, closed; many samples, so that there are pages to break. */
function filled(): string {
  const file = join(scratch("test"), "data.db");
  const db = openStore(file);
  db.exec(`
    insert into replay values ('control-1', 'sma/1/agg/gw-1/dn/price', 41, 'aa');
    insert into override values ('boiler', 'pause', 1, 2, null, null);
    insert into boot values ('b', 1, 1, 2, 0);
    insert into ledger values ('grid', '{}');
    insert into slot values ('grid', 'import', 0, 900000, 250, 'valid', 1);
    insert into savings_slot values (0, 900000, '300000', '0', 'published', 250, 0, null, 0);
    insert into savings_appliance values ('boiler', 0, 900000, 250, 0, null, 250, 0, 'final');
    insert into outbox values ('b', 1, '{"kind":"slot"}'), ('b', 2, '{"kind":"slot"}');
    insert into record values ('a-b', 7, '0xd', '{}', '{}', '0xs', null, 5);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
    insert into sample select 'grid', i * 1000, i * 1000, i % 7000, i, 0, 'valid', 1 from n;
  `);
  db.close();
  return file;
}

function opened(file: string): ReturnType<typeof openSound> {
  const result = openSound(file, nowMs);
  onTestFinished(() => void result.db.close());
  return result;
}

/** Writes nonsense over pages of a database. */
function overwrite(file: string, fromPage: number, pages: number): void {
  const handle = openSync(file, "r+");
  writeSync(handle, Buffer.alloc(pages * 4096, 0xa5), 0, pages * 4096, fromPage * 4096);
  closeSync(handle);
}

it("opens a sound one as it is", () => {
  const file = filled();
  const { db, setAside } = opened(file);
  expect(setAside).toBeNull();
  expect(holdStore(db).held()).toBeNull();
  expect(db.prepare("select count(*) as n from sample").get()).toEqual({ n: 20_000 });
});

it("sets a damaged one aside byte for byte, and goes on with the rows that control and delivery rest on", () => {
  const file = filled();
  overwrite(file, Math.floor(statSync(file).size / 4096) - 60, 40);
  const broken = readFileSync(file);
  const { db, setAside } = opened(file);
  expect(setAside).toMatchObject({ file: `${file}.damaged-2026-03-04T050607.000Z`, why: expect.stringContaining("is damaged") });
  expect(readFileSync(setAside?.file ?? "").equals(broken)).toBe(true);
  expect(setAside?.saved).toMatchObject({ replay: 1, override: 1, outbox: 2, slot: 1, record: 1, ledger: 1, boot: 1 });
  expect(setAside?.saved).toMatchObject({ savings_slot: 1, savings_appliance: 1 });
  expect(db.prepare("select seq from replay").get()).toEqual({ seq: 41 });
  expect(db.prepare("select count(*) as n from sample").get()).toEqual({ n: 0 });
});

it("signs nothing after that: the newest record may be among the lost rows", () => {
  const file = filled();
  overwrite(file, Math.floor(statSync(file).size / 4096) - 60, 40);
  const { db } = opened(file);
  expect(holdStore(db).held()).toEqual({ reason: "the database was damaged", sinceMs: nowMs });
  holdStore(db).lift();
  expect(holdStore(db).held()).toBeNull();
});

it.each<[string, (file: string) => void]>([
  ["whose first page is nonsense", (file) => overwrite(file, 0, 1)],
  ["that is all nonsense", (file) => overwrite(file, 0, Math.floor(statSync(file).size / 4096))],
  ["that is no database", (file) => writeFileSync(file, "a shopping list, saved in the wrong place".repeat(200))],
])("starts anew beside one %s", (_, spoil) => {
  const file = filled();
  spoil(file);
  const { db, setAside } = opened(file);
  expect(setAside).not.toBeNull();
  expect(existsSync(setAside?.file ?? "")).toBe(true);
  expect(db.prepare("select count(*) as n from boot").get()).toEqual({ n: setAside?.saved["boot"] ?? 0 });
});

it("takes what is in the log of writes along", () => {
  const file = filled();
  const db = new Database(file);
  db.pragma("journal_mode = WAL");
  db.pragma("wal_autocheckpoint = 0");
  db.exec("insert into outbox values ('b', 3, '{\"kind\":\"slot\"}')");
  // As a crash leaves it: the row is in the -wal file alone.
  const copy = join(scratch("test"), "data.db");
  for (const part of ["", "-wal"]) writeFileSync(copy + part, readFileSync(file + part));
  db.close();
  markDamaged(copy);
  const { setAside } = opened(copy);
  expect(setAside?.saved["outbox"]).toBe(3);
});

it("sets aside what an earlier run found broken, once", () => {
  const file = filled();
  markDamaged(file);
  const first = openSound(file, nowMs);
  first.db.close();
  expect(first.setAside?.why).toContain("an earlier run found it broken");
  expect(opened(file).setAside).toBeNull();
  expect(readdirSync(dirname(file)).filter((name) => name.includes("broken"))).toEqual([]);
});

it("leaves rows of nonsense behind", () => {
  const file = filled();
  const db = new Database(file);
  db.exec("update outbox set body = 'x{' where seq = 1; update ledger set state = ''");
  db.close();
  markDamaged(file);
  expect(opened(file).setAside?.saved).toMatchObject({ outbox: 1, ledger: 0 });
});
