import fc from "fast-check";
import { expect, it } from "vitest";
import { chargeNow } from "../../../settlement/record/charge-now.ts";
import { midnightS } from "../fixture.ts";

const midnightMs = midnightS * 1000;
const quarterMs = 900_000;

const slots = (whs: readonly number[]) =>
  whs.map((wh, at) => ({ startMs: midnightMs + at * quarterMs, endMs: midnightMs + (at + 1) * quarterMs, wh }));
const whole = { startMs: midnightMs, endMs: midnightMs + 8 * quarterMs };

it("puts what a device got at the beginning of its session, with all its power", () => {
  expect(chargeNow(whole, slots([0, 0, 0, 0, 1000, 1000, 500, 0]), 4000)).toEqual([1000, 1000, 500, 0, 0, 0, 0, 0]);
  expect(chargeNow(whole, slots([0, 0, 0, 0, 0, 0, 0, 0]), 4000)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect(chargeNow(whole, [], 4000)).toEqual([]);
});

it("begins where the session begins, within a slot", () => {
  const session = { ...whole, startMs: midnightMs + quarterMs / 2 };
  expect(chargeNow(session, slots([0, 0, 1000, 1000, 0, 0, 0, 0]), 4000)).toEqual([500, 1000, 500, 0, 0, 0, 0, 0]);
});

it("believes the meter where it shows more than the rated power", () => {
  expect(chargeNow(whole, slots([0, 2000, 2000, 0, 0, 0, 0, 0]), 1000)).toEqual([2000, 2000, 0, 0, 0, 0, 0, 0]);
});

it("invents and loses no energy, is never negative and never later than what was metered", () => {
  const whs = fc.array(fc.nat(6000), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(whs, fc.integer({ min: 1, max: 22_000 }), fc.nat(quarterMs - 1), (list, powerW, lateMs) => {
      const session = { startMs: midnightMs + lateMs, endMs: midnightMs + list.length * quarterMs };
      const drawn = chargeNow(session, slots(list), powerW);
      let [ahead, metered] = [0, 0];
      for (const [index, wh] of drawn.entries()) {
        expect(Number.isSafeInteger(wh) && wh >= 0).toBe(true);
        [ahead, metered] = [ahead + wh, metered + (list[index] ?? 0)];
        // A rounding of 1 Wh apart.
        expect(ahead + 1).toBeGreaterThanOrEqual(metered);
      }
      expect(ahead).toBe(metered);
    }),
  );
});
