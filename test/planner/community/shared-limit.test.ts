import fc from "fast-check";
import { expect, it } from "vitest";
import { leastShifts, shareBeyond, type SharedLimit, type Want } from "../../../planner/community/shared-limit.ts";

const limit = (most: number, groups: number[], below: SharedLimit[] = [], least = -Infinity): SharedLimit => ({
  most: Float64Array.of(most),
  least: Float64Array.of(least),
  groups,
  below,
});
const want = (parties: number, meanWh: number): Want => ({ parties, meanWh });
const sumUnder = (one: SharedLimit, wants: readonly Want[], shifts: Float64Array): number =>
  one.groups.reduce((sum, group) => sum + wants[group]!.parties * (wants[group]!.meanWh - shifts[group]!), 0) +
  one.below.reduce((sum, below) => sum + sumUnder(below, wants, shifts), 0);

it("shifts all parties under one limit alike", () => {
  expect(Array.from(leastShifts([limit(10, [0, 1])], [want(1, 8), want(2, 4)], 0))).toEqual([2, 2]);
  expect(Array.from(leastShifts([limit(20, [0, 1])], [want(1, 8), want(2, 4)], 0))).toEqual([0, 0]);
  expect(Array.from(leastShifts([limit(20, [0], [], 10)], [want(2, 4)], 0))).toEqual([-1]);
});

it("adds up what a line and the transformer above it are short of", () => {
  const grid = limit(12, [], [limit(4, [0]), limit(Infinity, [1])]);
  const shifts = leastShifts([grid], [want(1, 8), want(1, 10)], 0);
  // The line takes 4 of 8, the transformer 2 more of the other.
  expect(shifts[0]).toBeCloseTo(4, 9);
  expect(shifts[1]).toBeCloseTo(2, 9);
});

const wants = fc.array(fc.record({ parties: fc.integer({ min: 1, max: 50 }), meanWh: fc.integer({ min: -50, max: 100 }) }), {
  minLength: 4,
  maxLength: 4,
});
const most = fc.integer({ min: 0, max: 3000 });

it("keeps every limit of a grid, and no other way to keep them has smaller shifts", () => {
  fc.assert(
    fc.property(
      wants,
      most,
      most,
      most,
      fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 4, maxLength: 4 }),
      (all, top, left, right, other) => {
        const grid = limit(top, [3], [limit(left, [0, 1]), limit(right, [2])]);
        const shifts = leastShifts([grid], all, 0);
        for (const one of [grid, ...grid.below]) expect(sumUnder(one, all, shifts)).toBeLessThanOrEqual(one.most[0]! + 1e-6);
        const size = (by: Float64Array): number => all.reduce((sum, { parties }, group) => sum + parties * by[group]! ** 2, 0);
        const changed = shifts.map((shift, group) => shift + other[group]!);
        if ([grid, ...grid.below].every((one) => sumUnder(one, all, changed) <= one.most[0]!))
          expect(size(changed)).toBeGreaterThanOrEqual(size(shifts) - 1e-6);
      },
    ),
    { numRuns: 500 },
  );
});

it("tells the largest overload as a share of the limit", () => {
  const grid = limit(100, [], [limit(50, [0]), limit(80, [1])]);
  expect(shareBeyond([grid], [Float64Array.of(60), Float64Array.of(45)])).toBeCloseTo(0.2, 9);
  expect(shareBeyond([grid], [Float64Array.of(50), Float64Array.of(50)])).toBe(0);
});
