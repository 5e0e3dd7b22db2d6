import { expect, it } from "vitest";
import { generateHome } from "../../../bench/plan/generate-home.ts";
import { benchData } from "../../../bench/plan/real-data.ts";
import { exactPlan, polish } from "../../../planner/exact/exact-plan.ts";
import { lowerBound } from "../../../planner/exact/lower-bound.ts";
import { loadSolver } from "../../../planner/exact/solve-milp.ts";
import { fastPlan } from "../../../planner/fast/fast-plan.ts";
import { homeOf, readProblem } from "../../../planner/home-of.ts";
import { objective } from "../../../planner/objective.ts";

const solver = await loadSolver();
// A folder that is not there: made prices and weather.
const data = benchData("none");

it.each([2, 3, 4])("a polished plan of a home with a relay lies within a per cent of the bound: home %i", (seed) => {
  const home = homeOf(generateHome(data, seed, 96));
  const fast = fastPlan(home);
  const [bound, quick, polished] = [
    lowerBound(solver, home, { gap: 1e-3, timeLimitS: 4 }),
    objective(home, fast),
    objective(home, polish(solver, home, fast)),
  ];
  expect(bound).toBeLessThanOrEqual(polished + 1e-6);
  expect(polished).toBeLessThanOrEqual(quick + 1e-9);
  expect(polished - bound).toBeLessThanOrEqual(0.01 * Math.abs(bound));
});

const prices = [0.3, 0.1, 0.25, 0.12, 0.4, 0.11, 0.35, 0.13, 0.3, 0.2];
const crowded = homeOf(
  readProblem(
    {
      slot_minutes: 60,
      import_price_per_kwh: prices,
      grid: { import_limit_w: 3500 },
      appliances: [
        { type: "cycle", name: "washer", profile_w: [2000, 500], from: 0, until: 9 },
        { type: "deferrable", name: "pump", energy_wh: 4000, power_w: 1000, min_on_minutes: 120, start_cost: 0.02 },
        {
          type: "battery",
          name: "battery",
          capacity_wh: 3000,
          initial_wh: 1000,
          charge_max_w: 1500,
          discharge_max_w: 1500,
          charge_efficiency: 0.95,
          discharge_efficiency: 0.95,
        },
      ],
    },
    "crowded",
  ),
);

it("is no higher than the optimum where relay and programme stand in each other's way, and polish comes to the optimum", () => {
  const { flows, proven } = exactPlan(solver, crowded, { gap: 1e-7, timeLimitS: 20 });
  expect(proven).toBe(true);
  const optimum = objective(crowded, flows);
  const bound = lowerBound(solver, crowded, { gap: 1e-7, timeLimitS: 20 });
  expect(bound).toBeLessThanOrEqual(optimum + 1e-6);
  expect(bound).toBeGreaterThan(optimum * 0.95);
  const idle = crowded.devices.map(() => ({ in: new Float64Array(10), out: new Float64Array(10) }));
  expect(objective(crowded, polish(solver, crowded, idle))).toBeLessThanOrEqual(optimum * 1.01);
});
