import fc from "fast-check";
import { expect, it } from "vitest";
import { baseLoadForecast, type PastSlot } from "../../planner/base-load.ts";
import { drawForecast } from "../../planner/draw-forecast.ts";
import { evenSlots } from "../../planner/even-slots.ts";
import { presenceForecast } from "../../planner/presence-forecast.ts";
import { pvForecast } from "../../planner/pv-forecast.ts";

const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;
const zone = "UTC";
const firstMs = Date.parse("2026-06-01T00:00:00Z");
const hours = { from: 0, to: 8, minutes: 60 };
/** Days whose slots are of one length. */
function slots(watts: (atMs: number) => number, { from, to, minutes }: typeof hours): PastSlot[] {
  const lengthMs = minutes * minuteMs;
  return Array.from({ length: ((to - from) * dayMs) / lengthMs }, (_, index) => {
    const startMs = firstMs + from * dayMs + index * lengthMs;
    const steps = Array.from({ length: minutes }, (__, step) => watts(startMs + step * minuteMs) / 60);
    return { startMs, endMs: startMs + lengthMs, wh: steps.reduce((sum, wh) => sum + wh, 0) };
  });
}
/** Eight days by the hour, then slot_minutes was changed: six days by the quarter. */
const changed = (watts: (atMs: number) => number): PastSlot[] => [
  ...slots(watts, hours),
  ...slots(watts, { from: 8, to: 14, minutes: 15 }),
];
const tomorrow = slots(() => 0, { from: 14, to: 15, minutes: 15 });
const hourOf = (atMs: number): number => (atMs % dayMs) / (60 * minuteMs);
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

it("cuts slots of several lengths into those that fit into all, with the same energy", () => {
  const lengths = fc.constantFrom(5, 10, 15, 20, 30, 60);
  fc.assert(
    fc.property(lengths, lengths, fc.nat(5000), (one, other, wh) => {
      const history = [one, other, one].map((minutes, at) => ({
        startMs: firstMs + at * 60 * minuteMs,
        endMs: firstMs + at * 60 * minuteMs + minutes * minuteMs,
        wh: wh + at,
      }));
      const even = evenSlots(history);
      expect((one % (even.lengthMs / minuteMs)) + (other % (even.lengthMs / minuteMs))).toBe(0);
      for (const { startMs, endMs } of even.slots) expect(endMs - startMs).toBe(even.lengthMs);
      expect(sum(even.slots.map((slot) => slot.wh))).toBeCloseTo(3 * wh + 3, 6);
    }),
  );
  // What has nothing in common keeps its power.
  const odd = evenSlots(
    [6, 5].map((minutes, at) => ({
      startMs: firstMs + at * 60 * minuteMs,
      endMs: firstMs + (at * 60 + minutes) * minuteMs,
      wh: minutes,
    })),
  );
  expect(odd).toMatchObject({ lengthMs: 5 * minuteMs, slots: [{ wh: 5 }, { wh: 5 }] });
  const single = slots(() => 100, hours);
  expect(evenSlots(single)).toEqual({ lengthMs: 60 * minuteMs, slots: single });
});

it("foretells a steady load as it is, whatever the slots were it was counted in", () => {
  const { watts, errorW } = baseLoadForecast(
    changed(() => 400),
    tomorrow,
    { zone, otherwiseW: 1 },
  );
  for (const w of watts) expect(w).toBeCloseTo(400, 6);
  expect(errorW).toBeCloseTo(0, 6);
});

it("foretells hot water and the sun alike over a change of the slots", () => {
  const drawn = (atMs: number): number => (hourOf(atMs) >= 7 && hourOf(atMs) < 8 ? 1200 : 0);
  const { wh, errorWh } = drawForecast(changed(drawn), tomorrow, { zone });
  expect(sum(wh)).toBeCloseTo(1200, 0);
  expect(errorWh).toBeLessThan(1);
  const sun = (atMs: number): number => (hourOf(atMs) >= 8 && hourOf(atMs) < 16 ? 2000 : 0);
  const panels = pvForecast(changed(sun), tomorrow);
  for (const [slot, w] of panels.watts.entries()) expect(w).toBeCloseTo(sun(tomorrow[slot]?.startMs ?? 0), 6);
  expect(panels.errorW).toBeCloseTo(0, 6);
});

it("knows from hours whether a car is there in each quarter of them", () => {
  const there = (atMs: number): boolean => hourOf(atMs) >= 18;
  const seen = slots(() => 0, hours).map(({ startMs, endMs }) => ({ startMs, endMs, there: there(startMs) }));
  const { share, errorShare } = presenceForecast(seen, tomorrow, { zone });
  expect(share).toEqual(tomorrow.map(({ startMs }) => (there(startMs) ? 1 : 0)));
  expect(errorShare).toBe(0);
});
