import fc from "fast-check";
import { expect, it } from "vitest";
import { curtailmentRecord, fairLevel, weightsOf } from "../../../planner/community/fair-share.ts";

const wants = fc.array(fc.integer({ min: -5000, max: 9000 }), { minLength: 1, maxLength: 30 });

it("a fair level fills the limit, takes from nobody who wants little, and gives nobody more than it wants", () => {
  fc.assert(
    fc.property(wants, fc.integer({ min: 0, max: 50_000 }), (each, limit) => {
      const level = fairLevel(each, [], limit);
      const got = each.map((want) => (want > 0 ? Math.min(want, level) : want));
      const sum = got.reduce((all, wh) => all + wh, 0);
      expect(sum).toBeLessThanOrEqual(limit + 1e-6);
      const all = each.reduce((total, want) => total + want, 0);
      if (all <= limit) expect(level).toBe(Infinity);
      else expect(sum).toBeCloseTo(limit, 3);
    }),
  );
});

it("who gave up more before keeps more, but never more than three times as much", () => {
  const weights = weightsOf([0, 1000, 100_000]);
  expect(weights[0]).toBe(1);
  expect(weights[1]).toBeGreaterThan(1);
  expect(weights[2]).toBeLessThanOrEqual(3);
  expect(weightsOf([0, 0])).toEqual([1, 1]);
  const level = fairLevel([4000, 4000], [1, 2], 3000);
  expect(level).toBeCloseTo(1000, 3);
});

it("the record adds up what is given up and forgets slowly", () => {
  const first = curtailmentRecord(new Map(), new Map([["a", 1000]]));
  expect(first).toEqual(new Map([["a", 1000]]));
  const second = curtailmentRecord(first, new Map([["b", 500]]), 0.5);
  expect(second).toEqual(
    new Map([
      ["a", 500],
      ["b", 500],
    ]),
  );
  let record = second;
  for (let day = 0; day < 10; day += 1) record = curtailmentRecord(record, new Map(), 0.5);
  expect(record.size).toBe(0);
});
