import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exactPlan } from "../../planner/exact/exact-plan.ts";
import { loadSolver } from "../../planner/exact/solve-milp.ts";
import { readProblem } from "../../planner/home-of.ts";
import type { Outcome } from "../../planner/outcome.ts";
import { planHome, type Engine } from "../../planner/plan-home.ts";
import { simulateHome } from "./simulate-home.ts";

const solver = await loadSolver();
const exact: Engine = { name: "exact", solve: (home) => exactPlan(solver, home, { gap: 1e-7, timeLimitS: 20 }) };
const fast: Engine = { name: "fast" };
const slots = 8;
/** All in all the fast engine is dearer by no more than this share of what the energy costs at the dearest price. */
const mostDearer = 0.03;

const cents = fc.integer({ min: -10, max: 60 }).map((price) => price / 100);
const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { minLength: slots, maxLength: slots });
const minutes = fc.constantFrom(0, 30, 60, 90, 120, 180);
const was = {
  was_on: fc.boolean(),
  was_for_minutes: fc.constantFrom(0, 30, 60, 100, 120, 1440),
  min_on_minutes: minutes,
  min_off_minutes: minutes,
  start_cost: fc.constantFrom(0, 0.02),
};
const wh = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most / 100 }).map((each) => each * 100);

/** Appliances in the middle of what they do: on or off for a while already, full or empty, wanted by somebody. */
const kinds: Record<string, fc.Arbitrary<object>> = {
  pump: fc.record({
    type: fc.constant("deferrable"),
    energy_wh: wh(5000),
    power_w: fc.constant(1000),
    from: fc.integer({ min: 0, max: 3 }),
    until: fc.integer({ min: 4, max: slots }),
    ...was,
  }),
  charger: fc.record({
    type: fc.constant("deferrable"),
    energy_wh: wh(9000),
    power_w: fc.constant(3000),
    min_power_w: fc.constantFrom(0, 1200),
    on_off: fc.constant(false),
    ...was,
  }),
  tank: fc.record({
    type: fc.constant("water_heater"),
    litres: fc.constant(100),
    initial_c: fc.integer({ min: 45, max: 70 }),
    min_c: fc.constant(50),
    max_c: fc.constant(80),
    draw_wh: some(wh(600)),
    power_w: fc.constant(1500),
    ...was,
  }),
  "heat pump": fc.record({
    type: fc.constant("heat_pump"),
    capacity_wh_per_k: fc.constant(3000),
    loss_w_per_k: fc.constant(120),
    initial_c: fc.integer({ min: 18, max: 22 }),
    outdoor_c: fc.constant(2),
    min_c: fc.constant(19),
    max_c: fc.constant(23),
    power_w: fc.constant(2500),
    min_power_w: fc.constantFrom(0, 800),
    max_lock_minutes: fc.constantFrom(60, 120, 200),
    min_free_minutes: fc.constantFrom(10, 60, 120),
    ...was,
  }),
  battery: fc.record({
    type: fc.constant("battery"),
    capacity_wh: fc.constant(4000),
    initial_wh: wh(4000),
    charge_max_w: fc.constant(2000),
    charge_min_w: fc.constantFrom(0, 500),
    discharge_max_w: fc.constantFrom(0, 2000),
    charge_efficiency: fc.constant(0.9),
    discharge_efficiency: fc.constant(0.9),
    final_value_per_kwh: fc.constantFrom(0, 0.2),
    demand_w: some(fc.constantFrom(0, 0, 600, 1500)),
  }),
  "held off": fc.record({
    type: fc.constant("blockable"),
    expected_w: some(wh(1200)),
    power_w: fc.constant(2000),
    max_block_minutes: fc.constantFrom(60, 120, 150),
    min_free_minutes: fc.constantFrom(10, 60, 120),
    blocked_minutes: fc.constantFrom(0, 0, 30, 90, 200),
  }),
};

const plan = (problem: object, engine: Engine): Outcome => planHome(readProblem(problem, "case"), engine, () => 0);
/** Its energy at the dearest price; where a wish is missed that price is in the objective. */
const worth = ({ appliances, objective }: Outcome, prices: readonly number[]): number => {
  const kWh = (appliances[0]?.energy_wh ?? []).reduce((sum, each) => sum + Math.abs(each), 0) / 1000;
  return Math.max(Math.abs(objective), kWh * Math.max(...prices));
};
const said = ({ objective, appliances, shortfalls }: Outcome): string =>
  `${objective} ${JSON.stringify(appliances[0]?.energy_wh)} ${shortfalls.map(({ message }) => message).join("; ")}`;

describe.each(Object.entries(kinds))("%s", (name, kind) => {
  it("is planned by the fast engine as by the exact one, from whatever it is doing at the start", () => {
    let [dearer, all] = [0, 0];
    fc.assert(
      fc.property(kind, some(cents), some(wh(1500)), (one, import_price_per_kwh, pv_w) => {
        const problem = {
          slot_minutes: 60,
          import_price_per_kwh,
          export_price_per_kwh: import_price_per_kwh.map((price) => price * 0.4 - 0.02),
          base_load_w: 300,
          pv_w,
          appliances: [{ name, ...one }],
        };
        const [quick, proven] = [plan(problem, fast), plan(problem, exact)];
        const both = `fast ${said(quick)}\nexact ${said(proven)}`;
        expect(quick.objective, both).toBeGreaterThanOrEqual((proven.bound ?? Infinity) - 1e-4);
        dearer += quick.objective - proven.objective;
        all += worth(proven, import_price_per_kwh);
        if (proven.shortfalls.length > 0) return;
        expect(quick.shortfalls, both).toEqual([]);
        for (const { appliances, slots: planned } of [quick, proven]) {
          const powers = new Map(appliances.map(({ name: of, energy_wh }) => [of, energy_wh]));
          const curtailed = planned.map(({ curtailed_wh }) => curtailed_wh);
          expect(simulateHome(readProblem(problem, "case"), slots, powers, curtailed).faults, both).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
    expect(dearer, `of ${all}`).toBeLessThan(mostDearer * all);
  });
});
