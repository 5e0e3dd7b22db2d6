import { expect, it } from "vitest";
import { AppError } from "../../core/app-error.ts";
import { exactPlan } from "../../planner/exact/exact-plan.ts";
import { linearModel } from "../../planner/exact/linear-model.ts";
import { loadSolver } from "../../planner/exact/solve-milp.ts";
import { readProblem } from "../../planner/home-of.ts";
import type { Outcome } from "../../planner/outcome.ts";
import { planHome, type Engine } from "../../planner/plan-home.ts";

const solver = await loadSolver();
const fast: Engine = { name: "fast" };
const exact: Engine = { name: "exact", solve: (home) => exactPlan(solver, home, { gap: 1e-4, timeLimitS: 10 }) };
const battery = {
  type: "battery",
  name: "b",
  capacity_wh: 5000,
  initial_wh: 1000,
  charge_max_w: 2500,
  discharge_max_w: 2500,
};
const car = { type: "ev", name: "car", initial_wh: 20_000, target_wh: 35_000, capacity_wh: 52_000, charge_max_w: 7400 };
const tank = { type: "water_heater", name: "t", litres: 200, initial_c: 50, min_c: 45, max_c: 70, power_w: 2000, draw_wh: 300 };
const room = {
  type: "heat_pump",
  name: "hp",
  capacity_wh_per_k: 4000,
  loss_w_per_k: 150,
  initial_c: 20,
  outdoor_c: 0,
  min_c: 19,
  max_c: 22,
  power_w: 2000,
};
const pump = { type: "deferrable", name: "d", energy_wh: 4000, power_w: 2000 };
const heating = { type: "blockable", name: "k", expected_w: 800, power_w: 2000, max_block_minutes: 120 };

const house = (appliance: object, change: object = {}): object => ({
  slot_minutes: 60,
  import_price_per_kwh: [0.3, 0.28, 0.2, 0.1, 0.1, 0.15, 0.25, 0.4],
  base_load_w: 300,
  appliances: [appliance],
  ...change,
});
const plan = (problem: object, engine: Engine = fast): Outcome => planHome(readProblem(problem, "p.yaml"), engine, () => 0);
const refusal = (problem: object): string => {
  try {
    plan(problem);
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "planned";
};
const missed = ({ shortfalls }: Outcome): string[] =>
  shortfalls.map(({ appliance, kind, slot }) => `${appliance} ${kind} ${slot}`);

it("asks for the count of slots where no series tells it", () => {
  for (const appliance of [battery, car])
    expect(refusal(house(appliance, { import_price_per_kwh: 0.3 }))).toMatch(/^plan-bad-problem: .*give slots/);
});

it("refuses more slots than it plans, however they are said", () => {
  const import_price_per_kwh = Array.from({ length: 3001 }, () => 0.3);
  expect(refusal(house(battery, { import_price_per_kwh }))).toMatch(/^plan-bad-problem: .*3001 .*at most 3000/);
});

it("names the entry of a series or the point in time that is wrong, and what is expected", () => {
  const withPrice = (price: unknown): string => refusal(house(battery, { import_price_per_kwh: [0.1, price, 0.3] }));
  expect(withPrice("0.2")).toMatch(/entry 1 is "0\.2".*expected a number.*at import_price_per_kwh/);
  expect(withPrice(Infinity)).toMatch(/entry 1 is Infinity.*at import_price_per_kwh/);
  expect(refusal(house({ ...tank, max_c: "hot" }))).toMatch(/"hot".*expected a number.*at appliances\[0\]\.max_c/);
  expect(refusal(house({ ...car, ready_by: "2026-07-20T07:00" }))).toMatch(/2026-07-20T07:00:00Z.*at appliances\[0\]\.ready_by/);
});

it("refuses figures that no home has, before they turn sums into nonsense", () => {
  const huge = 1e308;
  for (const problem of [
    house(car, { import_price_per_kwh: [0.1, huge, 0.1] }),
    house(car, { import_price_per_kwh: [0.1, -huge, 0.1] }),
    house(car, { base_load_w: huge }),
    house(car, { capacity_charge: { price_per_kw: huge } }),
    house({ ...battery, initial_wh: huge }),
    house({ ...battery, wear_per_kwh: huge }),
    house({ ...battery, final_value_per_kwh: huge }),
    house({ ...battery, charge_efficiency: 1e-300 }),
    house({ ...car, shortfall_price_per_kwh: huge }),
    house({ ...tank, litres: 1e-300 }),
    house({ ...room, capacity_wh_per_k: 1e-9 }),
    house({ ...pump, energy_wh: huge }),
    house(pump, { slot_minutes: 1e-300 }),
  ])
    expect(refusal(problem)).toMatch(/^plan-bad-problem: .*Too (big|small): expected number to be [<>]=/);
});

it("names what a deadline misses that is over at the start, and does what can be done", () => {
  const at = { start: "2026-01-01T00:00:00Z" };
  for (const ready_by of [0, "2025-12-31T00:00:00Z", "2026-01-01T00:30:00Z"])
    for (const engine of [fast, exact]) {
      const late = plan(house({ ...car, ready_by }, at), engine);
      expect(missed(late)).toEqual(["car below-minimum 0"]);
      expect(late.appliances[0]?.energy_wh[0]).toBeCloseTo(7400, 0);
    }
  for (const engine of [fast, exact]) expect(missed(plan(house({ ...pump, until: 0 }), engine))).toEqual(["d below-minimum 0"]);
});

it("refuses a least power above the most, for every kind", () => {
  for (const one of [tank, room, pump])
    expect(refusal(house({ ...one, on_off: false, min_power_w: 5000 }))).toMatch(
      /^plan-bad-appliance: .*min_power_w.*5000 is above power_w 2000/,
    );
});

it("refuses a fill above what a battery holds, and says where it is said to hold more at the start", () => {
  expect(refusal(house({ ...battery, max_wh: 9000 }))).toMatch(/^plan-bad-appliance: .*max_wh.*9000 is above capacity_wh 5000/);
  expect(plan(house({ ...battery, initial_wh: 9000 })).notes).toEqual([
    expect.stringMatching(/initial_wh is 9000 Wh, .*0 to 5000 Wh/),
  ]);
  expect(plan(house({ ...battery, initial_wh: -500 })).notes).toEqual([
    expect.stringMatching(/initial_wh is -500 Wh, .*0 to 5000 Wh/),
  ]);
});

it("plans with rests that are longer than the plan", () => {
  for (const one of [
    { ...tank, min_on_minutes: 1e9 },
    { ...tank, min_off_minutes: 1e9, was_for_minutes: 1e9 },
    { ...pump, min_on_minutes: 1e9 },
    { ...room, max_lock_minutes: 60, min_free_minutes: 1e9 },
    { ...heating, min_free_minutes: 1e9 },
  ])
    expect(missed(plan(house(one))).filter((each) => each.includes("demand"))).toEqual([]);
  // It has rested long enough: only how long it must run is more than the plan.
  expect(plan(house({ ...tank, min_off_minutes: 1e9, was_for_minutes: 1e9 })).status).toBe("kept");
  expect(missed(plan(house({ ...tank, min_off_minutes: 1e9, was_for_minutes: 60 })))).toEqual(["t below-minimum 3"]);
});

it("has no exact engine that gives up where an appliance has no power", () => {
  expect(plan(house({ ...heating, power_w: 0 }), exact).status).toBe("kept");
});

it("refuses rests that would fill the memory, and what its solver cannot hold, by name", () => {
  const long = house({ ...tank, min_on_minutes: 3000 }, { slot_minutes: 1, slots: 3000, import_price_per_kwh: 0.3 });
  expect(refusal(long)).toMatch(/^plan-bad-appliance: t: .*too many to plan over 3000 slots/);
  const model = linearModel();
  model.row(0, 1, [[model.column(0, 1, Number.NaN), Number.NaN]]);
  expect(() => solver.solve(model, { gap: 0.01, timeLimitS: 1 })).toThrow(/the exact engine .*--engine fast/);
});
