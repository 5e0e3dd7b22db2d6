import fc from "fast-check";
import { expect, it } from "vitest";
import { batchSize } from "../../../agent/publish/batch-size.ts";

function sizes() {
  let nowMs = 0;
  const size = batchSize({ most: 60, monotonicMs: () => nowMs });
  const after = (what: string): number[] =>
    what.split("").map((one) => {
      if (one === "h") nowMs += 3_600_000;
      else if (one === "-") size.failed();
      else size.succeeded();
      return size.rows();
    });
  return { after, size };
}

it.each<[string, string, number[]]>([
  ["stays at the most while all goes well", "+++", [60, 60, 60]],
  ["halves while nothing comes through, down to one row", "-------", [30, 15, 7, 3, 1, 1, 1]],
  ["stays where it passes", "--++++", [30, 15, 15, 15, 15, 15]],
  ["takes a failure of one row for an aggregator that was away", "------++++++", [30, 15, 7, 3, 1, 1, 2, 4, 8, 16, 32, 60]],
  ["tries what failed again after an hour", "-+h+", [30, 30, 30, 60]],
])("%s", (_, events, rows) => expect(sizes().after(events)).toEqual(rows));

it("comes to rest below any limit, and not far below it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 80 }), (limit) => {
      const { size } = sizes();
      const tried: number[] = [];
      for (let step = 0; step < 60; step++) {
        tried.push(size.rows());
        if (size.rows() <= limit) size.succeeded();
        else size.failed();
      }
      const late = tried.slice(-40);
      expect(Math.max(...late)).toBeLessThanOrEqual(limit);
      expect(Math.min(...late)).toBeGreaterThanOrEqual(Math.min(60, limit) / 2);
    }),
  );
});
