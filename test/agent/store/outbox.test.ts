import fc from "fast-check";
import { expect, it } from "vitest";
import type { Db } from "../../../agent/store/open-database.ts";
import { openOutbox, type Outbox, type OutboxItem } from "../../../agent/store/outbox.ts";
import { openStore } from "../../fake/open-store.ts";

const boots = [
  "11111111-1111-4111-8111-111111111111",
  "22222222-2222-4222-8222-222222222222",
  "00000000-0000-4000-8000-000000000003",
];
const [one = "", two = "", three = ""] = boots;
const item = (wh: number): OutboxItem => ({
  kind: "switch",
  resource: `r${wh}`,
  at: "2026-01-01T00:00:00.000Z",
  on: true,
  reason: "x",
});
const seqs = (outbox: Outbox, after?: { boot: string; seq: number }, limit = 100) => {
  const batch = outbox.next(after, limit);
  return batch && [batch.boot, batch.items.map(({ seq }) => seq)];
};

it("numbers from 1 in each run and keeps what was added", () => {
  const outbox = openOutbox(openStore(), one, 0);
  for (const wh of [5, 6]) outbox.add(item(wh));
  expect(outbox.next(undefined, 10)).toEqual({
    boot: one,
    items: [
      { ...item(5), seq: 1 },
      { ...item(6), seq: 2 },
    ],
  });
  expect([outbox.size(), outbox.totals()]).toEqual([2, { added: 2, delivered: 0 }]);
});

it("gives rows of earlier runs first, whatever their ids, and never two runs in one batch", () => {
  const db = openStore();
  for (const [at, boot] of [two, one, three].entries()) {
    const outbox = openOutbox(db, boot, at);
    for (let row = 0; row < 3; row++) outbox.add(item(row));
  }
  const outbox = openOutbox(db, "99999999-9999-4999-8999-999999999999", 9);
  expect(seqs(outbox)).toEqual([two, [1, 2, 3]]);
  expect(seqs(outbox, { boot: two, seq: 1 }, 2)).toEqual([two, [2, 3]]);
  expect(seqs(outbox, { boot: two, seq: 2 })).toEqual([two, [3]]);
  expect(seqs(outbox, { boot: two, seq: 3 })).toEqual([one, [1, 2, 3]]);
  expect(seqs(outbox, { boot: one, seq: 3 })).toEqual([three, [1, 2, 3]]);
  expect(seqs(outbox, { boot: three, seq: 3 })).toBeUndefined();
});

it("lets rows go only by a receipt of their own run, up to its number", () => {
  const db = openStore();
  const before = openOutbox(db, one, 0);
  for (let row = 0; row < 3; row++) before.add(item(row));
  const outbox = openOutbox(db, two, 1);
  for (let row = 0; row < 3; row++) outbox.add(item(row));
  expect(outbox.delivered("33333333-3333-4333-8333-333333333333", 3)).toBe(0);
  expect(outbox.delivered(one, 2)).toBe(2);
  expect(outbox.delivered(one, 1)).toBe(0);
  expect(seqs(outbox)).toEqual([one, [3]]);
  expect(outbox.delivered(two, 3)).toBe(3);
  expect(seqs(outbox)).toEqual([one, [3]]);
  expect([outbox.size(), outbox.totals()]).toEqual([1, { added: 6, delivered: 5 }]);
});

const onDisk = (db: Db): unknown[] => db.prepare("select seq from outbox order by seq").pluck().all();
const waiting = (outbox: Outbox) => [seqs(outbox), outbox.size(), outbox.totals()];

it("takes a receipt without a write; its rows count as gone, and leave the disk with the next writes", () => {
  const db = openStore();
  const outbox = openOutbox(db, one, 0);
  for (let row = 0; row < 3; row++) outbox.add(item(row));
  const before = db.prepare("select total_changes()").pluck().get();
  expect(outbox.delivered(one, 2)).toBe(2);
  expect(db.prepare("select total_changes()").pluck().get()).toBe(before);
  expect(onDisk(db)).toEqual([1, 2, 3]);
  expect(waiting(outbox)).toEqual([[one, [3]], 1, { added: 3, delivered: 2 }]);
  expect(outbox.letGo()).toBe(2);
  expect(onDisk(db)).toEqual([3]);
  expect(waiting(outbox)).toEqual([[one, [3]], 1, { added: 3, delivered: 2 }]);
  expect(outbox.letGo()).toBe(0);
});

it("keeps a receipt in mind when the transaction that was to write it is rolled back", () => {
  const db = openStore();
  const outbox = openOutbox(db, one, 0);
  for (let row = 0; row < 3; row++) outbox.add(item(row));
  outbox.delivered(one, 2);
  const failing = db.transaction(() => {
    outbox.letGo();
    throw new Error("disk full");
  });
  expect(() => failing()).toThrow("disk full");
  expect([onDisk(db), ...waiting(outbox)]).toEqual([[1, 2, 3], [one, [3]], 1, { added: 3, delivered: 2 }]);
  expect(outbox.letGo()).toBe(2);
});

it("sends rows again whose receipt was lost with the power", () => {
  const db = openStore();
  const outbox = openOutbox(db, one, 0);
  for (let row = 0; row < 3; row++) outbox.add(item(row));
  outbox.delivered(one, 2);
  expect(waiting(openOutbox(db, two, 1))).toEqual([[one, [1, 2, 3]], 3, { added: 3, delivered: 0 }]);
});

it("does not let more than a thousand receipted rows pile up", () => {
  const db = openStore();
  const outbox = openOutbox(db, one, 0);
  db.transaction(() => {
    for (let row = 0; row < 1100; row++) outbox.add(item(row));
  })();
  outbox.delivered(one, 1000);
  expect(onDisk(db)).toHaveLength(1100);
  expect(outbox.delivered(one, 1001)).toBe(1);
  expect(onDisk(db)).toHaveLength(99);
});

it("never makes a gap of rows that are receipted, so that those after them stay in it", () => {
  const db = openStore();
  const outbox = openOutbox(db, one, 0);
  for (let row = 0; row < 6; row++) outbox.add(sample(row));
  outbox.delivered(one, 2);
  expect(outbox.giveUp(10)).toBe(3);
  expect(outbox.next(undefined, 10)?.items).toMatchObject([{ kind: "gap", seq: 3, through: 6 }]);
  outbox.letGo();
  expect(onDisk(db)).toEqual([3]);
});

it("never counts more delivered than there were, whatever a receipt says", () => {
  const outbox = openOutbox(openStore(), one, 0);
  outbox.add(item(1));
  outbox.delivered(one, 1_000_000);
  outbox.add(item(2));
  outbox.letGo();
  expect([seqs(outbox), outbox.totals()]).toEqual([[one, [2]], { added: 2, delivered: 1 }]);
});

it("leaves no gap in the numbers when a transaction fails: the aggregator would wait for the lost one for ever", () => {
  const db = openStore();
  const outbox = openOutbox(db, one, 0);
  outbox.add(item(1));
  const failing = db.transaction(() => {
    outbox.add(item(2));
    throw new Error("disk full");
  });
  expect(() => failing()).toThrow("disk full");
  outbox.add(item(3));
  expect(outbox.next(undefined, 10)?.items.map(({ seq, ...rest }) => [seq, rest])).toEqual([
    [1, item(1)],
    [2, item(3)],
  ]);
});

it("gives each row that waits exactly once, in order, over any pages", () => {
  const run = fc.record({ rows: fc.integer({ min: 0, max: 12 }), receipt: fc.integer({ min: 0, max: 14 }) });
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 7 }), (runs, limit) => {
      const db = openStore();
      let outbox = openOutbox(db, "first", 0);
      const expected: [string, number][] = [];
      for (const [at, { rows, receipt }] of runs.entries()) {
        const boot = `run ${(at * 7) % 5}`;
        outbox = openOutbox(db, boot, at);
        for (let row = 1; row <= rows; row++) {
          outbox.add(item(row));
          if (row > receipt) expected.push([boot, row]);
        }
        outbox.delivered(boot, receipt);
        // The last run's are still only in memory.
        if (at < runs.length - 1) outbox.letGo();
      }
      const given: [string, number][] = [];
      for (let batch = outbox.next(undefined, limit); batch;) {
        expect(batch.items.length).toBeLessThanOrEqual(limit);
        const { boot, items } = batch;
        for (const { seq } of items) given.push([boot, seq]);
        batch = outbox.next({ boot, seq: items.at(-1)?.seq ?? 0 }, limit);
      }
      expect(given).toEqual(expected);
    }),
    { numRuns: 30 },
  );
});

const sample = (atMs: number): OutboxItem => ({
  kind: "sample",
  meter: "grid",
  at: new Date(atMs).toISOString(),
  powerW: 1,
  importWh: 1,
  exportWh: 0,
  quality: "valid",
  clockSynced: true,
});
const slot = (index: number): OutboxItem => ({
  kind: "slot",
  meter: "grid",
  role: "grid",
  register: "import",
  start: new Date(index * 900_000).toISOString(),
  end: new Date((index + 1) * 900_000).toISOString(),
  wh: index,
  quality: "valid",
  clockSynced: true,
});

it("gives the newest slots of this run above a number, in order", () => {
  const db = openStore();
  openOutbox(db, two, 0).add(slot(9));
  const outbox = openOutbox(db, one, 1);
  for (let i = 0; i < 5; i++) {
    outbox.add(sample(i));
    outbox.add(slot(i));
  }
  expect(outbox.newestSlots(0, 2).map(({ seq }) => seq)).toEqual([8, 10]);
  expect(outbox.newestSlots(8, 9).map(({ seq }) => seq)).toEqual([10]);
  expect(outbox.newestSlots(10, 9)).toEqual([]);
});

it("gives up single readings alone, and every number is still either there or in a gap", () => {
  const kinds = fc.array(fc.constantFrom("sample", "slot", "switch", "run"), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(kinds, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }), (rows, limits) => {
      const db = openStore();
      let outbox = openOutbox(db, one, 0);
      let runs = 1;
      const kept: [string, string][] = [];
      for (const [at, kind] of rows.entries())
        if (kind === "run") outbox = openOutbox(db, `00000000-0000-4000-8000-${String(++runs).padStart(12, "0")}`, at);
        else {
          outbox.add(kind === "sample" ? sample(at) : kind === "slot" ? slot(at) : item(at));
          if (kind !== "sample") kept.push([outbox.boot, kind]);
        }
      const before = outbox.size();
      let gone = 0;
      for (const limit of limits) gone += outbox.giveUp(limit);
      expect(outbox.size()).toBe(before - gone);
      const left: [string, string][] = [];
      for (let after: { boot: string; seq: number } | undefined; ;) {
        const batch = outbox.next(after, 500);
        if (!batch) break;
        if (after?.boot !== batch.boot) expect(batch.items[0]?.seq).toBe(1);
        for (const [i, row] of batch.items.entries()) {
          const next = (row.kind === "gap" ? row.through : row.seq) + 1;
          const following = batch.items[i + 1];
          if (following) expect(following.seq).toBe(next);
          if (row.kind !== "sample" && row.kind !== "gap") left.push([batch.boot, row.kind]);
        }
        after = { boot: batch.boot, seq: batch.items.at(-1)?.seq ?? 0 };
      }
      expect(left).toEqual(kept);
      db.close();
    }),
    { numRuns: 60 },
  );
});

it("keeps the rest of a gap when a receipt from before it was made ends inside it", () => {
  const outbox = openOutbox(openStore(), one, 0);
  for (let row = 0; row < 10; row++) outbox.add(sample(row));
  expect(outbox.giveUp(10)).toBe(9);
  outbox.delivered(one, 5);
  outbox.letGo();
  expect(outbox.next(undefined, 10)?.items).toMatchObject([{ kind: "gap", seq: 6, through: 10 }]);
  expect(outbox.size()).toBe(1);
  outbox.delivered(one, 10);
  outbox.letGo();
  expect(outbox.size()).toBe(0);
});
