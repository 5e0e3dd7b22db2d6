import { expect, it } from "vitest";
import { generateHome } from "../../bench/plan/generate-home.ts";
import { benchData } from "../../bench/plan/real-data.ts";
import { fastPlanSteps, usualLooks } from "../../planner/fast/fast-plan.ts";
import { wideGrid } from "../../planner/fast/grids.ts";
import { planDevice, planScratch } from "../../planner/fast/plan-device.ts";
import { costCurves } from "../../planner/cost-curves.ts";
import { homeOf, readProblem } from "../../planner/home-of.ts";
import type { Device, Home } from "../../planner/home.ts";
import { netOf } from "../../planner/objective.ts";
import { planHomeSteps } from "../../planner/plan-home-steps.ts";
import { planHome } from "../../planner/plan-home.ts";
import type { Problem } from "../../planner/problem.ts";

// A folder that is not there: made prices and weather.
const data = benchData("none");
const car = { type: "ev", name: "car", charge_max_w: 4000, energy_wh: 8000, ready_by: 6 };
const short = (pricePerKw: number, previous?: number[]): Problem =>
  readProblem(
    {
      slot_minutes: 60,
      import_price_per_kwh: [0.2, 0.2, 0.2, 0.2, 0.2, 0.2],
      capacity_charge: { price_per_kw: pricePerKw },
      appliances: [car],
      ...(previous && { previous: { car: previous } }),
    },
    "test",
  );

/** Takes all bites, and counts them. */
function taken<Result>(steps: Generator<void, Result>, onBite = (): void => {}): { bites: number; value: Result } {
  for (let bites = 1; ; bites += 1) {
    const { done, value } = steps.next();
    onBite();
    if (done) return { bites, value };
  }
}

it.each<[string, Problem]>([
  ["a home of 96 slots", generateHome(data, 2, 96)],
  ["a home of 144 slots", generateHome(data, 3, 144)],
  ["a short problem with a charge on the peak", short(0.1)],
  ["a plan in force that stays", short(0, [0, 4000, 0, 0, 4000, 0])],
])("plans in bites what planHome plans at once: %s", (_, problem) => {
  const { bites, value } = taken(planHomeSteps(problem, { name: "fast" }, () => 0));
  expect(value).toEqual(planHome(problem, { name: "fast" }, () => 0));
  expect(value.kept_previous).toBe(problem.previous !== undefined);
  expect(bites).toBeGreaterThan(5);
});

/** A home whose appliances count how often what they keep of their fill is looked at: each look at a level does it. */
function counted(home: Home): { home: Home; looks: () => number } {
  let looks = 0;
  const devices = home.devices.map((device): Device => ({
    ...device,
    get keep() {
      looks += 1;
      return device.keep;
    },
  }));
  return { home: { ...home, devices }, looks: () => looks };
}

it("does in no bite more than two passes over one appliance would", () => {
  const { home, looks } = counted(homeOf(generateHome(data, 3, 144)));
  const rest = {
    curves: costCurves(home),
    net: netOf(home, []),
    peakWh: new Float64Array(144).fill(Infinity),
    peakPrice: 0,
  };
  const levels = Math.max(...usualLooks.map((look) => look.levels));
  const passes = home.devices.map((device) => {
    const before = looks();
    planDevice(device, rest, wideGrid(device)(levels), planScratch());
    return looks() - before;
  });
  let [before, most] = [looks(), 0];
  const { bites } = taken(fastPlanSteps(home), () => {
    most = Math.max(most, looks() - before);
    before = looks();
  });
  expect(most).toBeGreaterThan(1000);
  expect(most).toBeLessThanOrEqual(2 * Math.max(...passes));
  expect(bites).toBeGreaterThan(50);
});
