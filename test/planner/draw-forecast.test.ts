import fc from "fast-check";
import { expect, it } from "vitest";
import type { PastSlot } from "../../planner/base-load.ts";
import { drawForecast } from "../../planner/draw-forecast.ts";

const zone = "Europe/Amsterdam";
const quarterMs = 900_000;
/** Slots of any length, anywhere. */
const pastSlot = fc
  .record({ startMs: fc.integer({ min: 0, max: 4e12 }), minutes: fc.integer({ min: 0, max: 60 }), wh: fc.nat(5000) })
  .map(({ startMs, minutes, wh }) => ({ startMs, endMs: startMs + minutes * 60_000, wh }));
const dayMs = 86_400_000;
/** A Monday, 00:00 local time, in winter. */
const firstMs = Date.parse("2026-01-04T23:00:00Z");
const history = (days: number, wh: (day: number, quarter: number) => number): PastSlot[] =>
  Array.from({ length: days * 96 }, (_, index) => ({
    startMs: firstMs + index * quarterMs,
    endMs: firstMs + (index + 1) * quarterMs,
    wh: wh(Math.floor(index / 96), index % 96),
  }));
const ahead = (fromMs: number, count: number, lengthMs = quarterMs): { startMs: number; endMs: number }[] =>
  Array.from({ length: count }, (_, index) => ({ startMs: fromMs + index * lengthMs, endMs: fromMs + (index + 1) * lengthMs }));
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
/** A shower of 1200 Wh at 07:00 each day. */
const shower = (_: number, quarter: number): number => (quarter === 28 ? 1200 : 0);

it("spreads what is taken at 07:00 around 07:00 and keeps its sum, for slots of any length", () => {
  for (const lengthMs of [600_000, quarterMs, 3_600_000]) {
    const { wh, errorWh, days } = drawForecast(history(14, shower), ahead(firstMs + 14 * dayMs, dayMs / lengthMs, lengthMs), {
      zone,
    });
    expect(sum(wh)).toBeCloseTo(1200, 6);
    expect(sum(wh.filter((_, slot) => Math.abs((slot * lengthMs) / 3_600_000 - 7) <= 1))).toBeCloseTo(sum(wh), 6);
    expect(errorWh).toBeCloseTo(0, 6);
    expect(days).toBe(15);
  }
});

it("knows weekends", () => {
  const past = history(14, (day, quarter) => shower(day, day % 7 >= 5 ? quarter - 12 : quarter));
  const saturday = drawForecast(past, ahead(firstMs + 19 * dayMs, 96), { zone }).wh;
  expect(sum(saturday.slice(36, 46))).toBeGreaterThan(sum(saturday.slice(24, 33)));
});

it("keeps local time when the clocks change", () => {
  const { wh } = drawForecast(history(80, shower), ahead(Date.parse("2026-03-29T22:00:00Z"), 96), { zone });
  expect(wh.indexOf(Math.max(...wh))).toBe(28);
});

it("says how far such forecasts of a day were off", () => {
  const past = history(15, (day, quarter) => (day === 14 ? 2 : 1) * shower(day, quarter));
  expect(drawForecast(past, [], { zone }).errorWh).toBeCloseTo(1200 / 7, 6);
});

it("gives only finite figures, and none where nothing is known", () => {
  expect(drawForecast([], ahead(firstMs, 2), { zone })).toEqual({ wh: [0, 0], errorWh: null, days: 0 });
  fc.assert(
    fc.property(fc.array(pastSlot, { maxLength: 30 }), (past) => {
      const { wh } = drawForecast(past, ahead(Date.parse("2026-03-29T00:00:00Z"), 96), { zone });
      expect(wh).toHaveLength(96);
      for (const one of wh) expect(Number.isFinite(one) && one >= 0).toBe(true);
    }),
  );
});
