import fc from "fast-check";
import { expect, it } from "vitest";
import type { PastSlot } from "../../planner/base-load.ts";
import { pvForecast } from "../../planner/pv-forecast.ts";

const quarterMs = 900_000;
/** Slots of any length, anywhere. */
const pastSlot = fc
  .record({ startMs: fc.integer({ min: 0, max: 4e12 }), minutes: fc.integer({ min: 0, max: 60 }), wh: fc.nat(5000) })
  .map(({ startMs, minutes, wh }) => ({ startMs, endMs: startMs + minutes * 60_000, wh }));
const dayMs = 86_400_000;
const firstMs = Date.parse("2026-06-01T00:00:00Z");
/** W at noon 4000, nothing at night. */
const clearW = (atMs: number): number => 4000 * Math.max(0, Math.sin((((atMs % dayMs) / dayMs - 0.25) * 2 * Math.PI) / 1));
const history = (days: number, share: (day: number, atMs: number) => number, hours = 0): PastSlot[] =>
  Array.from({ length: days * 96 + hours * 4 }, (_, index) => {
    const startMs = firstMs + index * quarterMs;
    return { startMs, endMs: startMs + quarterMs, wh: (clearW(startMs) * share(Math.floor(index / 96), startMs)) / 4 };
  });
const ahead = (fromMs: number, count: number, lengthMs = quarterMs): { startMs: number; endMs: number }[] =>
  Array.from({ length: count }, (_, index) => ({ startMs: fromMs + index * lengthMs, endMs: fromMs + (index + 1) * lengthMs }));
const at = (day: number, hour: number): number => firstMs + day * dayMs + hour * 3_600_000;

it("takes what the panels gave at that time of steady days, for slots of any length", () => {
  const { watts, errorW, days } = pvForecast(
    history(5, () => 0.6),
    ahead(at(5, 12), 2, 600_000),
  );
  expect(Math.abs((watts[0] ?? 0) - 2400)).toBeLessThan(10);
  expect(Math.abs((watts[1] ?? 0) - 2400)).toBeLessThan(10);
  expect(errorW).toBeCloseTo(0, 6);
  expect(days).toBe(5);
});

it("follows this morning's clouds for the next hours, and the days before for later ones", () => {
  const past = history(8, (day) => (day === 8 ? 0.2 : 1), 11);
  const { watts } = pvForecast(past, [...ahead(at(8, 11), 1), ...ahead(at(9, 11), 1)]);
  expect(watts[0]).toBeLessThan(0.35 * clearW(at(8, 11)));
  expect(watts[1]).toBeGreaterThan(0.6 * clearW(at(9, 11)));
});

it("never promises more than the recent days' best at that time, and nothing at night", () => {
  const past = history(4, (day) => (day === 3 ? 1 : 0.1));
  for (const { startMs, endMs } of ahead(at(4, 0), 96)) {
    const [w = 0] = pvForecast(past, [{ startMs, endMs }]).watts;
    expect(w).toBeLessThanOrEqual(clearW(startMs) + 1e-6);
    expect(w).toBeGreaterThanOrEqual(0);
  }
});

it("takes the sunshine that a weather service foretells in the place of a guess", () => {
  const cloudy = (atMs: number): number => (Math.floor((atMs - firstMs) / dayMs) % 2 === 0 ? 800 : 200);
  const past = history(6, (_, atMs) => cloudy(atMs) / 1000);
  const guessed = pvForecast(past, ahead(at(7, 12), 1)).watts[0] ?? 0;
  const told = pvForecast(past, ahead(at(7, 12), 1), { irradianceWm2: cloudy }).watts[0] ?? 0;
  expect(told).toBeCloseTo(clearW(at(7, 12)) * 0.2, 0);
  expect(guessed).toBeGreaterThan(told + 100);
});

it("says how far such forecasts were off", () => {
  const steady = pvForecast(
    history(6, () => 0.5),
    [],
  ).errorW;
  const changed = pvForecast(
    history(6, (day) => (day === 5 ? 0.1 : 0.5)),
    [],
  ).errorW;
  expect(steady).toBeCloseTo(0, 6);
  // Two fifths of the mean of a day of 4 kW at noon.
  expect(changed).toBeCloseTo((4000 / Math.PI) * 0.4, -1);
});

it("gives only finite powers, and none where nothing is known", () => {
  expect(pvForecast([], ahead(firstMs, 2))).toEqual({ watts: [0, 0], errorW: null, days: 0 });
  fc.assert(
    fc.property(
      fc.array(pastSlot, { maxLength: 30 }),
      fc.option(fc.double({ min: 0, max: 1200, noNaN: true }), { nil: undefined }),
      (past, sun) => {
        const { watts } = pvForecast(past, ahead(firstMs, 96), { irradianceWm2: () => sun });
        expect(watts).toHaveLength(96);
        for (const w of watts) expect(Number.isFinite(w) && w >= 0).toBe(true);
      },
    ),
  );
});
