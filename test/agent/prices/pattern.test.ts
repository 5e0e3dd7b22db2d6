import fc from "fast-check";
import { expect, it } from "vitest";
import { quartersOf, type PriceStep } from "../../../agent/prices/market-prices.ts";
import { withPattern } from "../../../agent/prices/pattern.ts";
import { localMoment } from "../../../agent/prices/time-of-use.ts";
import { slotsOfLocalDay } from "../../../core/slots.ts";

const zone = "Europe/Amsterdam";
const quarterMs = 900_000;
/** A day whose price says the day and the quarter. */
const day = (date: string, base: number): PriceStep[] =>
  slotsOfLocalDay(date, zone, 15).map(({ startMs, endMs }) => ({
    startMs,
    endMs,
    microPerKwh: BigInt(base * 10_000 + localMoment(startMs, zone).minute),
    taxedMicroPerKwh: null,
  }));
const windowOf = (date: string) => {
  const slots = slotsOfLocalDay(date, zone, 15);
  return { fromMs: slots[0]?.startMs ?? 0, toMs: slots.at(-1)?.endMs ?? 0 };
};

it("takes a weekday from the newest weekday and a weekend from the newest day of a weekend", () => {
  // Thursday 1, Friday 2, Saturday 3; Sunday and Monday are asked.
  const known = [...day("2026-03-19", 1), ...day("2026-03-20", 2), ...day("2026-03-21", 3)];
  const sunday = withPattern(known, windowOf("2026-03-22"), zone);
  const monday = withPattern(known, windowOf("2026-03-23"), zone);
  expect([sunday, monday].map((steps) => [steps.length, steps[40]?.microPerKwh, steps[40]?.kind])).toEqual([
    [96, 30_600n, "pattern"],
    [96, 20_600n, "pattern"],
  ]);
});

it("takes the newest day where no like day is known", () => {
  const known = [...day("2026-03-18", 1), ...day("2026-03-19", 2)];
  expect(withPattern(known, windowOf("2026-03-21"), zone)[0]?.microPerKwh).toBe(20_000n);
});

it.each([
  ["2026-03-29", 92],
  ["2026-10-25", 100],
])("goes by local time on %s: %s quarters", (date, count) => {
  const before = date === "2026-03-29" ? "2026-03-28" : "2026-10-24";
  const steps = withPattern(day(before, 1), windowOf(date), zone);
  expect(steps).toHaveLength(count);
  expect(steps.every(({ startMs, microPerKwh }) => microPerKwh === BigInt(10_000 + localMoment(startMs, zone).minute))).toBe(
    true,
  );
});

it("finds the hour that the spring change skipped on an older day", () => {
  const known = [...day("2026-03-27", 1), ...day("2026-03-28", 2), ...day("2026-03-29", 3)];
  const steps = withPattern(known, windowOf("2026-04-04"), zone);
  expect(steps).toHaveLength(96);
  expect(steps[9]?.microPerKwh).toBe(20_135n);
});

it("fills only the gaps of a day, keeps prices with taxes, and invents nothing without any day", () => {
  const friday = day("2026-03-20", 2).filter((_, index) => index !== 50);
  const thursday = day("2026-03-19", 1).map((one) => ({ ...one, taxedMicroPerKwh: 77n }));
  const steps = withPattern([...thursday, ...friday], windowOf("2026-03-20"), zone);
  expect(steps.filter(({ kind }) => kind === "pattern")).toEqual([
    {
      ...friday[0],
      startMs: expect.any(Number),
      endMs: expect.any(Number),
      microPerKwh: 10_750n,
      taxedMicroPerKwh: 77n,
      kind: "pattern",
    },
  ]);
  expect(withPattern([], windowOf("2026-03-20"), zone)).toEqual([]);
});

it("never changes what was published, and fills each gap that some day can fill", () => {
  const startMs = Date.parse("2026-10-20T22:00Z");
  const count = 8 * 96;
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: count - 1 }), { maxLength: 300 }), (chosen) => {
      const published = chosen
        .toSorted((one, other) => one - other)
        .map((at) => ({
          startMs: startMs + at * quarterMs,
          endMs: startMs + (at + 1) * quarterMs,
          microPerKwh: BigInt(at),
          taxedMicroPerKwh: null,
        }));
      const window = { fromMs: startMs + 4 * 96 * quarterMs, toMs: startMs + count * quarterMs };
      const steps = withPattern(published, window, zone);
      const byStart = new Map(steps.map((step) => [step.startMs, step]));
      const times = new Set(published.map((one) => localMoment(one.startMs, zone).minute));
      for (const at of quartersOf(window.fromMs, window.toMs)) {
        const was = published.find((one) => one.startMs === at);
        const step = byStart.get(at);
        expect(step !== undefined).toBe(times.has(localMoment(at, zone).minute));
        if (was) expect(step).toEqual({ ...was, kind: "published" });
      }
      expect(steps.every((step, index) => step.startMs >= (steps[index - 1]?.endMs ?? 0))).toBe(true);
    }),
    { numRuns: 20 },
  );
});
