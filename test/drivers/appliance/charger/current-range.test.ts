import fc from "fast-check";
import { expect, it } from "vitest";
import { errorCode } from "../../../../core/app-error.ts";
import { chargerModes, currentRange, powerOf, stepsOf } from "../../../../drivers/appliance/charger/current-range.ts";

const range = (minA: number, maxA: number, stepsPerA: number, phases: 1 | 3, mostA = 32) =>
  currentRange({ name: "car", minA, maxA, mostA, stepsPerA, phases });

it.each<[string, number, number, number]>([
  ["whole amperes of three phases", 7_000, 1, 10],
  ["a power that is exactly a step", 4_347, 10, 63],
  ["the least", 4_140, 10, 60],
  ["just below the least is off", 4_139, 10, 0],
  ["more than the most is the most", 50_000, 10, 160],
  ["milliamperes", 5_000, 1000, 7_246],
  ["no power", 0, 10, 0],
  ["feeding in", -5_000, 10, 0],
  ["no number at all", NaN, 10, 0],
])("rounds down: %s", (_, powerW, stepsPerA, steps) =>
  expect(stepsOf(range(6, 16, stepsPerA, 3), { mode: "charge", powerW })).toBe(steps),
);

it("is off in mode off, whatever the power, and knows no other mode", () => {
  const one = range(6, 16, 10, 1);
  expect(stepsOf(one, { mode: "off", powerW: 3_000 })).toBe(0);
  expect(() => stepsOf(one, { mode: "boost", powerW: 3_000 })).toThrow("no mode boost");
});

it("has the modes off and charge, the lowest draw first", () => {
  expect(chargerModes(range(6, 16, 10, 3))).toEqual([
    { id: "off", minW: 0, maxW: 0 },
    { id: "charge", minW: 4_140, maxW: 11_040 },
  ]);
  expect(chargerModes(range(6, 32, 1, 1))[1]).toEqual({ id: "charge", minW: 1_380, maxW: 7_360 });
});

it("takes no more than its family, and says so where nothing is left", () => {
  expect(range(6, 32, 10, 3, 16).most).toBe(160);
  const code = (make: () => unknown): string => {
    try {
      make();
      return "made";
    } catch (error) {
      return errorCode(error);
    }
  };
  expect(code(() => range(10, 8, 10, 3))).toBe("device-bad-options");
  expect(code(() => range(20, 32, 10, 3, 16))).toBe("device-bad-options");
  expect(code(() => range(6.1, 6.9, 1, 3))).toBe("device-bad-options");
  expect(code(() => range(6, 6, 10, 3))).toBe("made");
});

const anyRange = fc
  .record({
    a: fc.integer({ min: 60, max: 320 }),
    b: fc.integer({ min: 60, max: 320 }),
    stepsPerA: fc.constantFrom(10, 1000),
    phases: fc.constantFrom(1 as const, 3 as const),
  })
  .map(({ a, b, stepsPerA, phases }) => range(Math.min(a, b) / 10, Math.max(a, b) / 10, stepsPerA, phases));

it("gives no power a current above the most, or one between 0 and the least, or more power than was asked for", () => {
  fc.assert(
    fc.property(anyRange, fc.double({ min: -50_000, max: 50_000 }), (one, powerW) => {
      const steps = stepsOf(one, { mode: "charge", powerW });
      expect(steps === 0 || (steps >= one.least && steps <= one.most)).toBe(true);
      expect(steps === 0 || (steps * one.phases * 230) / one.stepsPerA <= powerW).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

it("reads back the whole watts that it was set to, or the step below, and setting these changes nothing", () => {
  fc.assert(
    fc.property(anyRange, fc.integer({ min: 0, max: 25_000 }), (one, powerW) => {
      const steps = stepsOf(one, { mode: "charge", powerW });
      expect(stepsOf(one, { mode: "charge", powerW: powerOf(one, steps) })).toBe(steps);
      const [, charge] = chargerModes(one);
      const inside = powerW >= (charge?.minW ?? 0) && powerW <= (charge?.maxW ?? 0);
      const stepW = (one.phases * 230) / one.stepsPerA;
      if (inside) expect(powerW - powerOf(one, steps)).toBeLessThan(Math.max(1, stepW));
    }),
    { numRuns: 2_000 },
  );
});

it("reaches both ends of its range", () => {
  fc.assert(
    fc.property(anyRange, (one) => {
      const [, charge] = chargerModes(one);
      expect(stepsOf(one, { mode: "charge", powerW: charge?.minW ?? 0 })).toBeGreaterThanOrEqual(one.least);
      expect(one.most - stepsOf(one, { mode: "charge", powerW: charge?.maxW ?? 0 })).toBeLessThanOrEqual(4);
    }),
  );
});
