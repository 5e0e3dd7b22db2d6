import fc from "fast-check";
import { expect, it } from "vitest";
import { periodList } from "../../../settlement/audit/period-list.ts";

it("takes each instant once, in any order, as a list of all quarters does", () => {
  const span = fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 8 }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 30 }), (spans) => {
      const list = periodList();
      const taken = new Set<number>();
      for (const [start, length] of spans) {
        const quarters = Array.from({ length }, (_, at) => start + at);
        const free = quarters.every((quarter) => !taken.has(quarter));
        expect(list.add(start, start + length)).toBe(free);
        for (const quarter of quarters) taken.add(quarter);
      }
    }),
    { numRuns: 300 },
  );
});
