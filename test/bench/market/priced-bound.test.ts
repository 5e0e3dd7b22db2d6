import fc from "fast-check";
import { expect, it } from "vitest";
import { pricedBound, type PricedFeeder } from "../../../bench/market/priced-bound.ts";
import { linearModel } from "../../../planner/exact/linear-model.ts";
import { loadSolver } from "../../../planner/exact/solve-milp.ts";

const slots = 4;
const figures = (max: number) =>
  fc.array(fc.integer({ min: 0, max }), { minLength: slots, maxLength: slots }).map((all) => Float64Array.from(all));
const load = fc
  .record({ mostWh: figures(4).filter((most) => most.some((wh) => wh > 0)), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  .map(({ mostWh, share }) => ({ mostWh, onOff: false, energyWh: mostWh.reduce((sum, wh) => sum + wh, 0) * share }));

it("no plan within the limits is cheaper than the bound, whatever the prices", async () => {
  const solver = await loadSolver();
  const feeder = fc
    .record({ loads: fc.array(load, { minLength: 1, maxLength: 3 }), limitWh: fc.integer({ min: 1, max: 10 }) })
    .chain((one) => figures(5).map((surcharge) => ({ ...one, surcharge })));
  fc.assert(
    fc.property(
      figures(9),
      fc.array(feeder, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 20 }),
      (prices, all, above) => {
        const feeders: PricedFeeder[] = all.map((one) => ({ ...one, pricePerWh: prices }));
        const model = linearModel();
        const through = Array.from({ length: slots }, (): [number, number][] => []);
        for (const { loads, limitWh } of feeders) {
          const own = Array.from({ length: slots }, (): [number, number][] => []);
          for (const { energyWh, mostWh } of loads) {
            const columns = Array.from(mostWh, (wh, slot): [number, number] => [model.column(0, wh, prices[slot] ?? 0), 1]);
            model.row(energyWh, energyWh, columns);
            for (const [slot, column] of columns.entries()) {
              own[slot]?.push(column);
              through[slot]?.push(column);
            }
          }
          for (const entries of own) model.row(-Infinity, limitWh, entries);
        }
        for (const entries of through) model.row(-Infinity, above, entries);
        let least = Infinity;
        try {
          least = solver.solve(model, { gap: 0, timeLimitS: 10, relaxed: true }).money;
        } catch {
          // No plan keeps these limits: then any bound is right.
        }
        expect(pricedBound(feeders, above)).toBeLessThanOrEqual(least + 1e-6);
      },
    ),
    { numRuns: 60 },
  );
});

it("is the cost itself where the prices are those of the tight limit", () => {
  const loads = [1, 1].map(() => ({ energyWh: 1, mostWh: Float64Array.of(1, 1), onOff: true }));
  const feeder = { pricePerWh: Float64Array.of(1, 3), loads, limitWh: 1, surcharge: Float64Array.of(2, 0) };
  // One of the two has to take the dear slot: 1 + 3.
  expect(pricedBound([feeder], Infinity)).toBe(4);
  expect(pricedBound([feeder], 1)).toBe(4);
});
