import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { iso } from "../../../core/clock/clock.ts";
import { exchangeStore } from "../../../market/store/exchange-store.ts";
import { openExchangeDatabase } from "../../../market/store/open-exchange-database.ts";
import { scratch } from "../../fake/scratch.ts";

const slotMs = 15 * 60_000;
const startMs = Date.parse("2026-06-10T00:00:00Z");
const [other, car] = ["0x" + "1".repeat(40), "0x" + "2".repeat(40)];

function open() {
  const db = openExchangeDatabase(join(scratch("exchange-store"), "data.db"));
  onTestFinished(() => void db.close());
  return { db, store: exchangeStore(db) };
}

it("shows the auctions that were held last where there are more than it shows at once", async () => {
  const { db, store } = open();
  const add = db.prepare("insert into result (start_ms, cleared_ms, body) values (?, ?, ?)");
  db.transaction(() => {
    for (let slot = 0; slot < 60; slot += 1)
      for (let auction = 0; auction < 100; auction += 1) {
        const [at, atMs] = [startMs + slot * slotMs, startMs - 48 * 3_600_000 + auction * 300_000];
        add.run(at, atMs, JSON.stringify({ start: iso(at), clearedAt: iso(atMs), volumeWh: 1, zones: [] }));
      }
  })();
  const shown = await store.results(startMs);
  expect(shown).toHaveLength(5000);
  expect(new Set(shown.map(({ start }) => start)).size).toBe(60);
  const order = shown.map(({ start, clearedAt }) => `${start} ${clearedAt}`);
  expect(order).toEqual(order.toSorted());
  expect(shown.at(-1)).toMatchObject({
    start: iso(startMs + 59 * slotMs),
    clearedAt: iso(startMs - 48 * 3_600_000 + 99 * 300_000),
  });
});

it("counts slots with trades and without meter totals once, whatever was traded in them", async () => {
  const { db, store } = open();
  const add = db.prepare(
    `insert into leg (hash, side, participant, order_hash, start_ms, end_ms, cleared_ms, payer, amount, wh, seq)
     values (?, 'buy', ?, 'o', ?, ?, 0, ?, '1', 100, ?)`,
  );
  const trade = (hash: string, slot: number, seq: number | null, who = car): void =>
    void add.run(hash, who, startMs + slot * slotMs, startMs + (slot + 1) * slotMs, who, seq);
  trade("told", 0, 1);
  trade("twice", 1, 2);
  trade("in it", 1, null);
  trade("left out by a person", 2, 0);
  trade("another's", 3, 3, other);
  trade("too late", 4, null);
  await store.addMetered(car, [{ start: iso(startMs), end: iso(startMs + slotMs), importWh: 90, exportWh: 0 }]);
  const count = (from: number, to: number) =>
    store.untoldSlots(car, { fromMs: startMs + from * slotMs, toMs: startMs + to * slotMs });
  expect(await Promise.all([count(0, 4), count(0, 5), count(2, 4), count(1, 2)])).toEqual([1, 2, 0, 1]);
});

it("keeps meter values of slots in which their participant traded, and no others", async () => {
  const { db, store } = open();
  db.prepare(
    `insert into leg (hash, side, participant, order_hash, start_ms, end_ms, cleared_ms, payer, amount, wh)
     values ('t', 'buy', ?, 'o', ?, ?, 0, ?, '1', 100)`,
  ).run(car, startMs, startMs + slotMs, car);
  const slot = (at: number, lengthMs = slotMs) => ({ start: iso(at), end: iso(at + lengthMs), importWh: 90, exportWh: 0 });
  await store.addMetered(car, [
    slot(startMs, 2 * slotMs),
    slot(startMs),
    slot(startMs + slotMs),
    { ...slot(startMs), importWh: 1 },
  ]);
  await store.addMetered(other, [slot(startMs)]);
  expect(db.prepare("select participant, start_ms, end_ms, import_wh from metered").all()).toEqual([
    { participant: car, start_ms: startMs, end_ms: startMs + slotMs, import_wh: 90 },
  ]);
});
