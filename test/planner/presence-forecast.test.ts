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
  expect(presenceForecast([], [at("2026-01-19T12:00:00Z")], { zone })).toEqual({ share: [1], errorShare: null, days: 0 });
});

it("says how often it was wrong on the last day", () => {
  const usual = seen(4);
  const last = usual
    .filter(({ startMs: atMs }) => atMs >= startMs + 3 * dayMs)
    .map(({ startMs: atMs }) => ({ startMs: atMs, endMs: atMs + hourMs, there: false }));
  const { errorShare } = presenceForecast([...usual.slice(0, 72), ...last], [], { zone });
  // Away from 18:00 to 24:00, as it never was.
  expect(errorShare).toBe(6 / 24);
});
