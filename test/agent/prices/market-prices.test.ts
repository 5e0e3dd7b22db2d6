import fc from "fast-check";
import { expect, it } from "vitest";
import { microOf, stepLengthMs, stepsOf } from "../../../agent/prices/market-prices.ts";

it.each<[unknown, "kWh" | "MWh", string, bigint | undefined]>([
  [45.1, "MWh", "EUR", 45_100n],
  ["45.10", "MWh", "EUR", 45_100n],
  [0.1527, "kWh", "EUR", 152_700n],
  [0, "kWh", "EUR", 0n],
  [-0.5, "kWh", "EUR", -500_000n],
  [-20, "kWh", "EUR", -20_000_000n],
  [20.000001, "kWh", "EUR", undefined],
  [-20_001, "MWh", "EUR", undefined],
  [100, "kWh", "NOK", 100_000_000n],
  [241, "kWh", "NOK", undefined],
  [Number.NaN, "kWh", "EUR", undefined],
  [Number.POSITIVE_INFINITY, "kWh", "EUR", undefined],
  [null, "kWh", "EUR", undefined],
  ["", "kWh", "EUR", undefined],
  ["0x10", "kWh", "EUR", undefined],
  ["1e3", "kWh", "EUR", undefined],
  [true, "kWh", "EUR", undefined],
])("takes %s per %s in %s as %s micro-units", (value, per, currency, micro) => expect(microOf(value, per, currency)).toBe(micro));

const anything = fc.record({
  startMs: fc.oneof(
    fc.integer({ min: -10, max: 40 }).map((at) => at * 900_000),
    fc.double(),
  ),
  endMs: fc.oneof(
    fc.integer({ min: -10, max: 40 }).map((at) => at * 900_000),
    fc.double(),
  ),
  price: fc.oneof(fc.double(), fc.constant(null), fc.string(), fc.integer({ min: -50, max: 50 })),
});

it("makes of whatever comes steps in order, of whole quarters, none over another", () => {
  fc.assert(
    fc.property(fc.array(anything), (raw) => {
      const { steps, gaps } = stepsOf(raw, "kWh", "EUR", { fromMs: 0, toMs: 30 * 900_000 });
      expect(steps.length + gaps).toBeLessThanOrEqual(raw.length);
      for (const [at, { startMs, endMs }] of steps.entries()) {
        expect([Math.abs(startMs % 900_000), Math.abs(endMs % 900_000), endMs > startMs]).toEqual([0, 0, true]);
        expect(startMs).toBeGreaterThanOrEqual(steps[at - 1]?.endMs ?? -Infinity);
      }
    }),
  );
});

it.each([
  [[0, 900_000, 1_800_000], 900_000],
  [[0, 3_600_000, 7_200_000], 3_600_000],
  [[0, 1_800_000, 900_000 * 3], 900_000],
  [[0, 36_000_000], 3_600_000],
  [[0, 60_000], 900_000],
  [[0], 3_600_000],
  [[], 3_600_000],
])("takes steps that begin at %j as %s ms long", (starts, lengthMs) => expect(stepLengthMs(starts)).toBe(lengthMs));
