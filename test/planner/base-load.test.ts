import fc from "fast-check";
import { expect, it } from "vitest";
import { baseLoadForecast, type PastSlot } from "../../planner/base-load.ts";

const zone = "Europe/Amsterdam";
const quarterMs = 900_000;
/** Quarters of days from a Monday on, in winter. */
const history = (days: number, wh: (day: number, quarter: number) => number): PastSlot[] =>
  Array.from({ length: days * 96 }, (_, index) => ({
    startMs: Date.parse("2026-01-04T23:00:00Z") + index * quarterMs,
    wh: wh(Math.floor(index / 96), index % 96),
  }));
const ahead = (from: string, count = 4): { startMs: number; endMs: number }[] =>
  Array.from({ length: count }, (_, index) => ({
    startMs: Date.parse(from) + index * quarterMs,
    endMs: Date.parse(from) + (index + 1) * quarterMs,
  }));

it("takes the median of the same local time on days of the same kind", () => {
  const past = history(12, (day, quarter) => (day % 7 >= 5 ? 500 : day === 2 ? 9999 : 100 + quarter));
  const { watts, errorW, days } = baseLoadForecast(past, ahead("2026-01-19T11:00:00Z"), { zone, otherwiseW: 1 });
  expect(watts).toEqual([148 * 4, 149 * 4, 150 * 4, 151 * 4]);
  expect(errorW).toBe(0);
  expect(days).toBe(13);
});

it("says how far such forecasts were off", () => {
  const past = history(8, (day) => (day === 7 ? 200 : 100));
  expect(baseLoadForecast(past, ahead("2026-01-13T11:00:00Z"), { zone, otherwiseW: 1 }).errorW).toBeCloseTo(400, 6);
});

it("takes what it was told where nothing is known, and never anything but finite powers", () => {
  expect(baseLoadForecast([], ahead("2026-01-13T11:00:00Z"), { zone, otherwiseW: 1500 })).toEqual({
    watts: [1500, 1500, 1500, 1500],
    errorW: null,
    days: 0,
  });
  fc.assert(
    fc.property(
      fc.array(fc.record({ startMs: fc.integer({ min: 0, max: 4e12 }), wh: fc.nat(5000) }), { maxLength: 30 }),
      (past) => {
        const { watts } = baseLoadForecast(past, ahead("2026-03-29T00:00:00Z", 96), { zone, otherwiseW: 7 });
        expect(watts).toHaveLength(96);
        for (const w of watts) expect(Number.isFinite(w) && w >= 0).toBe(true);
      },
    ),
  );
});
