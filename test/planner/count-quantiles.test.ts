import fc from "fast-check";
import { expect, it } from "vitest";
import { countQuantiles } from "../../planner/count-quantiles.ts";

it("tells one that mostly is there from one that mostly is not", () => {
  expect(countQuantiles([0.95])).toEqual({ q10: 1, q50: 1, q90: 1 });
  expect(countQuantiles([0.7])).toEqual({ q10: 0, q50: 1, q90: 1 });
  expect(countQuantiles([0.05])).toEqual({ q10: 0, q50: 0, q90: 0 });
  expect(countQuantiles([])).toEqual({ q10: 0, q50: 0, q90: 0 });
});

it("is the least number that is not exceeded so often, by all ways in which they may be there", () => {
  const shares = fc.array(
    fc.integer({ min: 0, max: 16 }).map((sixteenths) => sixteenths / 16),
    { maxLength: 9 },
  );
  fc.assert(
    fc.property(shares, (some) => {
      const odds = Array.from({ length: some.length + 1 }, () => 0);
      for (let which = 0; which < 2 ** some.length; which++) {
        const isThere = (at: number): boolean => ((which >> at) & 1) === 1;
        const likely = some.reduce((product, share, at) => product * (isThere(at) ? share : 1 - share), 1);
        const count = some.filter((_, at) => isThere(at)).length;
        odds[count] = (odds[count] ?? 0) + likely;
      }
      const least = (quantile: number): number => {
        let sum = 0;
        return odds.findIndex((one) => (sum += one) >= quantile - 1e-6);
      };
      expect(countQuantiles(some)).toEqual({ q10: least(0.1), q50: least(0.5), q90: least(0.9) });
    }),
  );
});

it("is near the mean and its spread for thousands", () => {
  const shares = Array.from({ length: 4000 }, (_, at) => (at % 11) / 10);
  const mean = shares.reduce((sum, share) => sum + share, 0);
  const spread = Math.sqrt(shares.reduce((sum, share) => sum + share * (1 - share), 0));
  const { q10, q50, q90 } = countQuantiles(shares);
  expect(Math.abs(q50 - mean)).toBeLessThan(1);
  expect(Math.abs(mean - q10 - 1.2816 * spread)).toBeLessThan(1.5);
  expect(Math.abs(q90 - mean - 1.2816 * spread)).toBeLessThan(1.5);
});
