import { expect, it } from "vitest";
import { exactPlan } from "../../../planner/exact/exact-plan.ts";
import { loadSolver } from "../../../planner/exact/solve-milp.ts";
import { homeOf, readProblem } from "../../../planner/home-of.ts";
import { objective } from "../../../planner/objective.ts";

const prices = [0.25, 0, -0.03, 0.03, 0.05, -0.03, 0, 0];

it("proves no bound that a plan stays below, where the solver began anew on its way", async () => {
  const problem = {
    slot_minutes: 60,
    import_price_per_kwh: prices,
    export_price_per_kwh: prices.map((price) => price * 0.4 - 0.02),
    base_load_w: 300,
    pv_w: [0, 0, 400, 100, 0, 500, 300, 0],
    appliances: [
      {
        name: "held off",
        type: "blockable",
        expected_w: [1000, 400, 0, 0, 0, 1200, 100, 100],
        power_w: 2000,
        max_block_minutes: 60,
        min_free_minutes: 10,
        blocked_minutes: 90,
      },
    ],
  };
  const home = homeOf(readProblem(problem, "case"));
  const { flows, bound, proven } = exactPlan(await loadSolver(), home, { gap: 1e-7, timeLimitS: 20 });
  // By hand: 2.3 kWh at 0.25, 0.3 at -0.03, 0.2 at 0.03, 0.3 at 0.05, 1 at -0.03, and the rest costs nothing.
  expect(objective(home, flows)).toBeCloseTo(0.557, 9);
  expect(bound).toBeCloseTo(0.557, 6);
  expect(proven).toBe(true);
});
