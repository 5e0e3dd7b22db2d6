import fc from "fast-check";
import { expect, it } from "vitest";
import { presenceForecast } from "../../planner/presence-forecast.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const zone = "UTC";
/** Monday. */
const startMs = Date.parse("2026-01-05T00:00:00Z");
/** Comes at 18:00 on workdays, is there all day at weekends. */
const isThere = (atMs: number): boolean => {
  const day = new Date(atMs).getUTCDay();
  return day === 0 || day === 6 || new Date(atMs).getUTCHours() >= 18;
};
const seen = (days: number) =>
  Array.from({ length: days * 24 }, (_, hour) => startMs + hour * hourMs).map((atMs) => ({
    startMs: atMs,
    endMs: atMs + hourMs,
    there: isThere(atMs),
  }));
const at = (text: string) => ({ startMs: Date.parse(text) });

it("tells workdays from weekends, and evenings from mornings", () => {
  const slots = [at("2026-01-19T12:00:00Z"), at("2026-01-19T19:00:00Z"), at("2026-01-24T12:00:00Z")];
  const { share, errorShare, days } = presenceForecast(seen(14), slots, { zone });
  expect(share[0]).toBeLessThan(0.5);
  expect(share[1]).toBe(1);
  expect(share[2]).toBeGreaterThan(0.5);
  expect([errorShare, days]).toEqual([0, 14]);
});

it("takes it to be there where nobody knows", () => {
  expect(presenceForecast([], [at("2026-01-19T12:00:00Z")], { zone })).toEqual({
    share: [1],
    errorShare: null,
    brier: null,
    days: 0,
  });
  const otherwise = (atMs: number): number => (isThere(atMs) ? 1 : 0);
  expect(presenceForecast([], [at("2026-01-19T12:00:00Z"), at("2026-01-19T20:00:00Z")], { zone, otherwise }).share).toEqual([
    0, 1,
  ]);
});

it("says how often it was wrong on the last day", () => {
  const usual = seen(4);
  const last = usual
    .filter(({ startMs: atMs }) => atMs >= startMs + 3 * dayMs)
    .map(({ startMs: atMs }) => ({ startMs: atMs, endMs: atMs + hourMs, there: false }));
  const { errorShare, brier } = presenceForecast([...usual.slice(0, 72), ...last], [], { zone });
  // Away from 18:00 to 24:00, as it never was.
  expect([errorShare, brier]).toEqual([6 / 24, 6 / 24]);
});

it("is not judged by what nobody saw", () => {
  const assumed = seen(4).map((slot) => ({ ...slot, assumed: slot.there, there: true }));
  const guessed = assumed.map((slot) => ({ ...slot, there: slot.assumed }));
  // On the last day nobody saw it there; that it is away by day was foretold.
  expect(presenceForecast(guessed, [], { zone })).toMatchObject({ errorShare: 0, brier: 0 });
  expect(presenceForecast(assumed, [], { zone })).toMatchObject({ errorShare: 0, brier: 0 });
});

it("has shares and scores between 0 and 1, and a score of 0 for what is always the same", () => {
  const anySeen = fc.array(
    fc.record({ hour: fc.integer({ min: 0, max: 24 * 20 }), there: fc.boolean(), assumed: fc.boolean() }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(anySeen, fc.boolean(), (found, same) => {
      const history = (constant: boolean) =>
        found.map(({ hour, there, assumed }) => ({
          startMs: startMs + hour * hourMs,
          endMs: startMs + (hour + 1) * hourMs,
          there: constant ? same : there,
          assumed,
        }));
      const slots = Array.from({ length: 48 }, (_, hour) => ({ startMs: startMs + 20 * dayMs + hour * hourMs }));
      const { share, errorShare, brier } = presenceForecast(history(false), slots, { zone });
      for (const one of [...share, errorShare ?? 0, brier ?? 0]) {
        expect(one).toBeGreaterThanOrEqual(0);
        expect(one).toBeLessThanOrEqual(1);
      }
      const always = presenceForecast(history(true), slots, { zone, otherwise: () => (same ? 1 : 0) });
      expect([0, null]).toContain(always.brier);
    }),
  );
});
