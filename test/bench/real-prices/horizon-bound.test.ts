import fc from "fast-check";
import { expect, it } from "vitest";
import { comparable, horizonBound } from "../../../bench/real-prices/horizon-bound.ts";
import { trueOutlook } from "../../../bench/real-prices/outlook.ts";
import { rolling } from "../../../bench/real-prices/rolling.ts";
import { cheapestSlots, immediate } from "../../../bench/real-prices/rules.ts";
import { simulate, type Command } from "../../../bench/real-prices/simulate.ts";
import { realityOf } from "../../../bench/real-prices/trial.ts";
import { loadSolver } from "../../../planner/exact/solve-milp.ts";
import { madeTrial } from "./made-trial.ts";

it("is below every run, however it was run, and near a planned one", async () => {
  const solver = await loadSolver();
  const trial = madeTrial();
  const reality = realityOf(trial);
  const planned = simulate(
    trial.home,
    reality,
    trial.start,
    rolling(trial, (slot, count) => trueOutlook(trial, slot, count)),
  );
  const others = [immediate, cheapestSlots].map((strategy) => simulate(trial.home, reality, trial.start, strategy(trial)));
  const bound = horizonBound(solver, trial, [planned, ...others]);
  const [best = 0, ...rest] = [planned, ...others].map((run) => comparable(trial, run, bound));
  expect(bound.money).toBeLessThanOrEqual(best + 1e-6);
  expect(best - bound.money).toBeLessThan(0.2 * (Math.min(...rest) - bound.money));
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(share, share, share, share), { minLength: 48, maxLength: 48 }), (shares) => {
      const command = (slot: number): Command => {
        const [car = 0, tank = 0, heat = 0, battery = 0] = shares[slot] ?? [];
        return {
          carWh: car * 7400,
          tankWh: tank > 0.8 ? 2500 : 0,
          heatWh: heat > 0.7 ? 2000 : 0,
          battery: { mode: "fixed", wh: (battery - 0.5) * 6000 },
          curtails: true,
        };
      };
      const run = simulate(trial.home, reality, trial.start, command);
      const its = horizonBound(solver, trial, [run]);
      expect(comparable(trial, run, its)).toBeGreaterThanOrEqual(its.money - 1e-6);
    }),
    { numRuns: 10 },
  );
});
