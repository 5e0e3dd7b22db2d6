import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { openStore } from "../../agent/open-store.ts";
import { holdStore } from "../../agent/store/settlement-hold.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";

const keep = { rawMs: 86_400_000, minuteMs: 86_400_000, quarterMs: 86_400_000 };

/** An opened store with rows that wait, and what of them another process sees on the disk. */
function opened(rows: number, databaseFile = join(scratch("store"), "data.db")) {
  const clock = fakeClock(Date.parse("2026-04-02T10:00:00Z"));
  const ending = new AbortController();
  const failed = (): void => undefined;
  const store = openStore({ config: { databaseFile, keep }, clock, log: silentLog(), failed, signal: ending.signal });
  for (let row = 0; row < rows; row++)
    store.outbox.add({ kind: "switch", resource: "boiler", at: "2026-04-02T10:00:00.000Z", on: true, reason: "x" });
  const onDisk = (): unknown => {
    const db = new Database(databaseFile, { readonly: true });
    try {
      return db.prepare("select count(*) from outbox").pluck().get();
    } finally {
      db.close();
    }
  };
  return { ...store, databaseFile, clock, onDisk, stop: () => ending.abort() };
}

it("writes a receipt after five minutes at the latest, where no reading comes", async () => {
  const { outbox, clock, onDisk, close, stop } = opened(3);
  outbox.delivered(outbox.boot, 2);
  await clock.advance(240_000);
  expect(onDisk()).toBe(3);
  await clock.advance(60_000);
  expect(onDisk()).toBe(1);
  stop();
  close();
});

it("writes receipts before it closes", () => {
  const { outbox, onDisk, close, stop } = opened(3);
  outbox.delivered(outbox.boot, 3);
  stop();
  close();
  expect(onDisk()).toBe(0);
});

it("signs nothing with a new database until the newest records are known: the key may be older than it", () => {
  const first = opened(0);
  expect(holdStore(first.db).held()).toMatchObject({ reason: "the database is new" });
  // Lifted by the aggregator's word, it does not come back with the next start.
  holdStore(first.db).lift();
  first.stop();
  first.close();
  const again = opened(0, first.databaseFile);
  expect(holdStore(again.db).held()).toBeNull();
  again.stop();
  again.close();
});

it("thins nothing by a clock that nobody has set", async () => {
  const { db, clock, close, stop } = opened(0);
  db.prepare("insert into ledger values ('grid', '{}')").run();
  const add = db.prepare("insert into sample values ('grid', ?, ?, 1, 1, 1, 'valid', 1)");
  for (let second = 0; second < 60; second++) add.run(clock.now() - 3 * 86_400_000 + second * 1000, clock.now());
  const rows = (): unknown => db.prepare("select count(*) from sample").pluck().get();
  clock.setSynced(false);
  await clock.advance(300_000);
  expect(rows()).toBe(60);
  clock.setSynced(true);
  await clock.advance(60_000);
  expect(rows()).toBe(0);
  stop();
  close();
});
