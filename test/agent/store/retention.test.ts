import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retention } from "../../../agent/store/retention.ts";
import type { Db } from "../../../agent/store/open-database.ts";
import { openStore } from "../../fake/open-store.ts";

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];
const rules = { rawMs: 2 * dayMs, minuteMs: 10 * dayMs, quarterMs: 100 * dayMs };
const nowMs = 200 * dayMs;

function database(samples: Record<string, readonly number[]>): Db {
  const db = openStore();
  const add = db.prepare("insert or ignore into sample values (?, ?, ?, 1, 1, 1, 'valid', 1)");
  db.transaction(() => {
    for (const [meter, times] of Object.entries(samples)) {
      db.prepare("insert into ledger values (?, '{}')").run(meter);
      for (const at of times) add.run(meter, at, at);
    }
  })();
  return db;
}

const left = (db: Db, meter = "grid"): number[] =>
  db
    .prepare<[string], { at_ms: number }>("select at_ms from sample where meter = ? order by at_ms")
    .all(meter)
    .map(({ at_ms: at }) => at);
const seconds = (fromMs: number, count: number): number[] => Array.from({ length: count }, (_, i) => fromMs + i * 1000);
const firsts = (times: readonly number[], bucketMs: number): number[] =>
  [...new Map(times.toSorted((a, b) => b - a).map((at) => [Math.floor(at / bucketMs), at])).values()].toSorted((a, b) => a - b);

describe("the day's housekeeping", () => {
  it("keeps the first reading of each minute, then of each quarter of an hour, then none", () => {
    const [raw, minute, quarter, gone] = [1, 5, 50, 150].map((days) => seconds(nowMs - days * dayMs, 2 * 3600));
    const db = database({ grid: [...(gone ?? []), ...(quarter ?? []), ...(minute ?? []), ...(raw ?? [])] });
    const removed = retention(db, rules).tidy(nowMs, 1000);
    const expected = [...firsts(quarter ?? [], 15 * minuteMs), ...firsts(minute ?? [], minuteMs), ...(raw ?? [])];
    expect(left(db)).toEqual(expected);
    expect(removed).toBe(4 * 7200 - expected.length);
  });

  it("does so many hours at a time and goes on where it left off, over a restart too", () => {
    const times = seconds(nowMs - 5 * dayMs, 4 * 3600);
    const db = database({ grid: times });
    expect(retention(db, rules).tidy(nowMs, 1)).toBe(3600 - 60);
    expect(retention(db, rules).tidy(nowMs, 2)).toBe(2 * (3600 - 60));
    expect(retention(db, rules).tidy(nowMs, 9)).toBe(3600 - 60);
    expect(retention(db, rules).tidy(nowMs, 9)).toBe(0);
  });

  it("keeps meters apart", () => {
    const times = seconds(nowMs - 5 * dayMs, 60);
    const db = database({ grid: times, pv: times.map((at) => at + 500) });
    retention(db, rules).tidy(nowMs, 10);
    expect([left(db), left(db, "pv")]).toEqual([[times[0]], [(times[0] ?? 0) + 500]]);
  });

  it("is not stopped for good by a clock that showed a year to come", () => {
    const future = nowMs + 3650 * dayMs;
    const times = seconds(nowMs - 5 * dayMs, 60);
    const db = database({ grid: seconds(future - 5 * dayMs, 60) });
    retention(db, rules).tidy(future, 10);
    for (const at of times) db.prepare("insert into sample values ('grid', ?, ?, 1, 1, 1, 'valid', 1)").run(at, at);
    expect(retention(db, rules).tidy(nowMs, 10)).toBe(59);
    expect(retention(db, rules).tidy(nowMs, 10)).toBe(0);
  });

  it("whatever the times: each bucket keeps its first reading and no other, and new ones are not touched", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: nowMs - 9 * dayMs, max: nowMs }), { maxLength: 200 }), (times) => {
        const db = database({ grid: times });
        retention(db, rules).tidy(nowMs, 10_000);
        const limit = nowMs - rules.rawMs - ((nowMs - rules.rawMs) % hourMs);
        const [old, young] = [times.filter((at) => at < limit), times.filter((at) => at >= limit)];
        expect(left(db)).toEqual([...firsts(old, minuteMs), ...young.toSorted((a, b) => a - b)]);
        db.close();
      }),
      { numRuns: 50 },
    );
  });
});

describe("a full disk", () => {
  it("costs the oldest readings first, whichever meter they are of", () => {
    const quarters = (fromMs: number, count: number): number[] => Array.from({ length: count }, (_, at) => fromMs + at * 900_000);
    const [old, older] = [quarters(nowMs - 10 * dayMs, 96), quarters(nowMs - 20 * dayMs, 192)];
    const db = database({ grid: old, pv: older });
    retention(db, rules).squeeze(nowMs);
    expect([left(db), left(db, "pv")]).toEqual([old, older.slice(96)]);
    retention(db, rules).squeeze(nowMs);
    expect([left(db), left(db, "pv")]).toEqual([old, []]);
  });

  it("costs old detail first, and readings only when there is nothing left to thin", () => {
    const [old, fresh] = [seconds(nowMs - 3 * dayMs, 1800), seconds(nowMs - 3 * hourMs, 1800)];
    const db = database({ grid: [...old, ...fresh] });
    const { squeeze } = retention(db, rules);
    squeeze(nowMs);
    expect(left(db)).toEqual([...firsts(old, minuteMs), ...fresh]);
    squeeze(nowMs);
    expect(left(db)).toEqual([...firsts(old, 15 * minuteMs), ...fresh]);
    squeeze(nowMs);
    expect(left(db)).toEqual([...firsts(old, 15 * minuteMs), ...firsts(fresh, minuteMs)]);
    squeeze(nowMs);
    expect(left(db)).toEqual([...firsts(old, 15 * minuteMs), ...firsts(fresh, 15 * minuteMs)]);
    expect(squeeze(nowMs)).toBeGreaterThan(0);
    expect(squeeze(nowMs)).toBe(0);
    expect(left(db)).toEqual([]);
  });
});
