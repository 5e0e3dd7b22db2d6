import fc from "fast-check";
import { expect, it } from "vitest";
import type { PastSlot } from "../../planner/base-load.ts";
import { quantileForecast } from "../../planner/quantile-forecast.ts";
import { standardLoad, standardPv } from "../../planner/standard-profile.ts";
import { seededRandom } from "../../planner/community/seeded-random.ts";

const dayMs = 86_400_000;
const quarterMs = 900_000;
/** A Monday. */
const startMs = Date.parse("2026-03-02T00:00:00Z");
const zone = "UTC";
const otherwise = (slots: readonly { startMs: number; endMs: number }[]) => standardLoad(slots, { zone });

const past = (days: number, wh: (slot: number) => number): PastSlot[] =>
  Array.from({ length: days * 96 }, (_, slot) => ({
    startMs: startMs + slot * quarterMs,
    endMs: startMs + (slot + 1) * quarterMs,
    wh: wh(slot),
  }));
const ahead = (day: number): { startMs: number; endMs: number }[] =>
  Array.from({ length: 96 }, (_, slot) => ({
    startMs: startMs + day * dayMs + slot * quarterMs,
    endMs: startMs + day * dayMs + (slot + 1) * quarterMs,
  }));

it("foretells each time of day with the spread that was seen then", () => {
  const random = seededRandom(3);
  // Nights draw 100 W, evenings anything from 400 to 1600 W.
  const history = past(21, (slot) => (slot % 96 < 72 ? 25 : 100 + 300 * random()));
  const made = quantileForecast(history, ahead(21), { zone, otherwise });
  expect(made).toMatchObject({ source: "history", days: 21 });
  expect([made.q10[20], made.q50[20], made.q90[20]]).toEqual([100, 100, 100]);
  for (const [got, wanted] of [
    [made.q10[84], 520],
    [made.q50[84], 1000],
    [made.q90[84], 1480],
  ] as const)
    expect(Math.abs((got ?? 0) - wanted)).toBeLessThan(130);
  expect(Math.abs((made.meanW[84] ?? 0) - 1000)).toBeLessThan(80);
});

it("measures itself on the last day: eight of ten slots lie inside, and a day like no other shows", () => {
  const random = seededRandom(5);
  const history = past(15, () => 100 + 200 * random());
  const usual = quantileForecast(history, ahead(15), { zone, otherwise });
  expect(usual.insideShare).toBeGreaterThan(0.68);
  expect(usual.insideShare).toBeLessThan(0.92);
  expect(usual.errorW).toBeGreaterThan(120);
  expect(usual.errorW).toBeLessThan(280);
  const strange = quantileForecast([...history.slice(0, -96), ...past(15, () => 1000).slice(-96)], ahead(15), {
    zone,
    otherwise,
  });
  expect(strange.insideShare).toBe(0);
  expect(strange.errorW).toBeGreaterThan(2500);
});

it.each<[string, PastSlot[]]>([
  ["no history", []],
  ["half a day", past(1, (slot) => slot).slice(0, 48)],
  ["a counter that stands still", past(10, () => 0)],
  ["one value all the time", past(10, () => 150)],
])("falls back to a standard profile: %s", (_, history) => {
  const made = quantileForecast(history, ahead(10), { zone, otherwise });
  const profile = otherwise(ahead(10));
  expect(made).toMatchObject({ source: "profile", q10: profile.low, q50: profile.middle, q90: profile.high });
});

it("is in order, finite and within what was seen, whatever the history", () => {
  const slot = fc.record({ at: fc.nat(28 * 96), wh: fc.integer({ min: 0, max: 5000 }) });
  fc.assert(
    fc.property(fc.array(slot, { maxLength: 400 }), (rows) => {
      const history = rows.map(({ at, wh }) => ({
        startMs: startMs + at * quarterMs,
        endMs: startMs + (at + 1) * quarterMs,
        wh,
      }));
      const made = quantileForecast(history, ahead(28), { zone: "Europe/Amsterdam", otherwise });
      const mostW = Math.max(0, ...rows.map(({ wh }) => wh * 4), ...otherwise(ahead(28)).high);
      for (let at = 0; at < 96; at++) {
        const [low = NaN, middle = NaN, high = NaN, mean = NaN] = [made.q10[at], made.q50[at], made.q90[at], made.meanW[at]];
        expect(0 <= low && low <= middle && middle <= high && high <= mostW).toBe(true);
        expect(mean >= 0 && mean <= mostW).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

it("has profiles whose mean is the one asked for, with an evening peak and dark nights", () => {
  const load = standardLoad(ahead(0), { zone, meanW: 500 });
  expect(load.middle.reduce((sum, watts) => sum + watts, 0) / 96).toBeCloseTo(500, 0);
  expect(load.middle.indexOf(Math.max(...load.middle))).toBeGreaterThan(70);
  const pv = standardPv(ahead(0), 4000);
  expect([pv.high[0], pv.high[95]]).toEqual([0, 0]);
  expect(pv.high[48]).toBeCloseTo(4000, -1);
  expect(pv.middle.every((watts, slot) => watts <= (pv.high[slot] ?? 0))).toBe(true);
});
