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
  ["stays for an hour where it passes and twice as much does not", "--+-+++", [30, 15, 30, 15, 15, 15, 15]],
  ["grows at once where it was not the size", "---+++", [30, 15, 7, 14, 28, 56]],
  ["takes the failure of what had passed for something else", "-++-+-", [30, 60, 60, 30, 60, 30]],
  ["tries what failed again after an hour", "-+-+h+", [30, 60, 30, 30, 30, 60]],
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
      expect(Math.max(...late)).toBeLessThanOrEqual(Math.max(limit, 1));
      expect(Math.min(...late)).toBeGreaterThanOrEqual(Math.min(60, limit) / 2);
    }),
  );
});
