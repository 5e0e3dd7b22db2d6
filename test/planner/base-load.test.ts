import fc from "fast-check";
import { expect, it } from "vitest";
import { baseLoadForecast, type PastSlot } from "../../planner/base-load.ts";

const zone = "Europe/Amsterdam";
const quarterMs = 900_000;
/** Slots of any length, anywhere. */
const pastSlot = fc
  .record({ startMs: fc.integer({ min: 0, max: 4e12 }), minutes: fc.integer({ min: 0, max: 60 }), wh: fc.nat(5000) })
  .map(({ startMs, minutes, wh }) => ({ startMs, endMs: startMs + minutes * 60_000, wh }));
/** Quarters of days from a Monday on, in winter. */
const history = (days: number, wh: (day: number, quarter: number) => number): PastSlot[] =>
  Array.from({ length: days * 96 }, (_, index) => ({
    startMs: Date.parse("2026-01-04T23:00:00Z") + index * quarterMs,
    endMs: Date.parse("2026-01-04T23:00:00Z") + (index + 1) * quarterMs,
    wh: wh(Math.floor(index / 96), index % 96),
  }));
const ahead = (from: string, count = 4): { startMs: number; endMs: number }[] =>
  Array.from({ length: count }, (_, index) => ({
    startMs: Date.parse(from) + index * quarterMs,
    endMs: Date.parse(from) + (index + 1) * quarterMs,
  }));

it("takes the mean around the same local time, days of the same kind three times", () => {
  const past = history(14, (day) => (day % 7 >= 5 ? 500 : 100));
  const at = (from: string): number[] => baseLoadForecast(past, ahead(from), { zone, otherwiseW: 1 }).watts;
  // Ten workdays and four days at weekends, quarters of an hour.
  const [workday, weekend] = [(4 * (30 * 100 + 4 * 500)) / 34, (4 * (10 * 100 + 12 * 500)) / 22];
  for (const watts of at("2026-01-19T11:00:00Z")) expect(watts).toBeCloseTo(workday, 6);
  for (const watts of at("2026-01-24T11:00:00Z")) expect(watts).toBeCloseTo(weekend, 6);
});

it("spreads what was taken over the three quarters before and after, as people are not on time", () => {
  const past = history(10, (_, quarter) => (quarter === 48 ? 1600 : 0));
  const { watts, days } = baseLoadForecast(past, ahead("2026-01-19T10:00:00Z", 9), { zone, otherwiseW: 1 });
  expect(watts.map((watt) => Math.round(watt / 400))).toEqual([0, 1, 2, 3, 4, 3, 2, 1, 0]);
  expect(days).toBe(11);
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
    fc.property(fc.array(pastSlot, { maxLength: 30 }), (past) => {
      const { watts } = baseLoadForecast(past, ahead("2026-03-29T00:00:00Z", 96), { zone, otherwiseW: 7 });
      expect(watts).toHaveLength(96);
      for (const w of watts) expect(Number.isFinite(w) && w >= 0).toBe(true);
    }),
  );
});
