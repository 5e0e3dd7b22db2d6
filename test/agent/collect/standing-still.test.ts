import { expect, it } from "vitest";
import { standingStill } from "../../../agent/collect/standing-still.ts";
import type { Reading } from "../../../core/reading.ts";
import { readingOf } from "../../fake/reading-of.ts";

const said = { receivedMs: 0, meterMs: 1000, importWh: 100_000, powerW: 600 };

it.each<[string, Partial<Reading>, boolean]>([
  ["all that it says stands still", {}, true],
  ["it has no clock", { meterMs: null }, false],
  ["its clock goes on", { meterMs: 2000 }, false],
  ["its clock stands and its counter moves", { importWh: 100_001 }, false],
  ["its clock stands and its power moves", { powerW: 601 }, false],
])("after a minute a meter is taken for still where %s", (_, change, still) => {
  const isStill = standingStill();
  const first = readingOf({ ...said, ...(change.meterMs === null && change) });
  const later = { ...first, ...change };
  expect([isStill(first, 0), isStill(first, 59_999), isStill(later, 60_000)]).toEqual([false, false, still]);
});

it("believes it again with the first change, and keeps meters apart", () => {
  const isStill = standingStill();
  const grid = readingOf(said);
  isStill(grid, 0);
  expect(isStill({ ...grid, meter: "pv" }, 60_000)).toBe(false);
  expect(isStill(grid, 60_000)).toBe(true);
  expect(isStill({ ...grid, meterMs: 61_000 }, 61_000)).toBe(false);
});
