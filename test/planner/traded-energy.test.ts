import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pricedHomeBound } from "../../planner/community/community-bound.ts";
import { exactPlan } from "../../planner/exact/exact-plan.ts";
import { loadSolver } from "../../planner/exact/solve-milp.ts";
import { gridMoney } from "../../planner/grid-money.ts";
import { homeOf, readProblem } from "../../planner/home-of.ts";
import type { Outcome } from "../../planner/outcome.ts";
import { planHome, type Engine } from "../../planner/plan-home.ts";

const solver = await loadSolver();
const exact: Engine = { name: "exact", solve: (home) => exactPlan(solver, home, { gap: 1e-7, timeLimitS: 20 }) };
const fast: Engine = { name: "fast" };
const slots = 6;

const plan = (problem: object, engine: Engine): Outcome => planHome(readProblem(problem, "case"), engine, () => 0);
const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { minLength: slots, maxLength: slots });
const cents = fc.integer({ min: -10, max: 60 }).map((price) => price / 100);
const watts = fc.integer({ min: 0, max: 20 }).map((each) => each * 100);

/** A battery that begins half full, in a house that draws 500 W. */
const house = {
  slot_minutes: 60,
  import_price_per_kwh: 0.3,
  export_price_per_kwh: 0.06,
  base_load_w: 500,
  appliances: [
    {
      type: "battery",
      name: "battery",
      capacity_wh: 6000,
      initial_wh: 3000,
      charge_max_w: 2000,
      discharge_max_w: 2000,
      wear_per_kwh: 0.01,
      final_value_per_kwh: 0.2,
    },
  ],
};
const only = (slot: number, value: number): number[] => Array.from({ length: slots }, (_, at) => (at === slot ? value : 0));

describe.each([
  ["exact", exact],
  ["fast", fast],
])("what was traded, by the %s engine", (_, engine) => {
  it("is delivered out of a battery that would give nothing else away", () => {
    expect(plan({ ...house, slots }, engine).slots[2]?.export_wh).toBe(0);
    const sold = plan({ ...house, slots, traded: { sold_w: only(2, 1200), unfed_price_per_kwh: 0.42 } }, engine);
    expect(sold.slots.map(({ export_wh }) => Math.round(export_wh))).toEqual(only(2, 1200));
  });

  it("is not delivered where missing it is cheaper than what it takes", () => {
    const sold = plan({ ...house, slots, traded: { sold_w: only(2, 1200), unfed_price_per_kwh: 0.1 } }, engine);
    expect(sold.slots[2]?.export_wh).toBe(0);
  });

  it("is drawn where it was bought, and no more than that at the supplier's price", () => {
    const bought = plan({ ...house, slots, traded: { bought_w: only(3, 1700), undrawn_price_per_kwh: 0.04 } }, engine);
    expect(Math.round(bought.slots[3]?.import_wh ?? 0)).toBe(1700);
  });

  it("leaves the limits of the house where they are", () => {
    const limited = { ...house, slots, grid: { import_limit_w: 1000 } };
    const bought = plan({ ...limited, traded: { bought_w: only(3, 1700), undrawn_price_per_kwh: 0.04 } }, engine);
    expect(Math.round(bought.slots[3]?.import_wh ?? 0)).toBe(1000);
    expect(bought.shortfalls).toEqual([]);
  });
});

const traded = fc.record({
  bought_w: some(watts),
  sold_w: some(watts),
  undrawn_price_per_kwh: some(cents),
  unfed_price_per_kwh: some(cents),
});
const problem = fc
  .record({
    import_price_per_kwh: some(cents),
    pv_w: some(watts),
    traded,
    export_limit_w: fc.option(watts, { nil: undefined }),
    pv_curtailable: fc.boolean(),
    fill: fc.integer({ min: 0, max: 60 }),
  })
  .map(({ import_price_per_kwh, export_limit_w, fill, ...rest }) => ({
    ...house,
    ...rest,
    import_price_per_kwh,
    export_price_per_kwh: import_price_per_kwh.map((price) => price * 0.4 - 0.02),
    grid: { import_limit_w: 1500, ...(export_limit_w !== undefined && { export_limit_w }) },
    appliances: [{ ...house.appliances[0], initial_wh: fill * 100 }],
  }));

it("both engines reckon with trades alike, whatever a deviation costs", () => {
  let [dearer, all] = [0, 0];
  fc.assert(
    fc.property(problem, (one) => {
      const [quick, proven] = [plan(one, fast), plan(one, exact)];
      const both = `fast ${quick.objective} exact ${proven.objective} bound ${proven.bound}`;
      // What the program says is what the plan costs: the columns are the money of the slots. Where a limit cannot be kept the
      // solver's own tolerance, 1e-7 kWh, is worth some money.
      expect(proven.objective - (proven.bound ?? -Infinity), both).toBeLessThan(1e-3 + 1e-6 * Math.abs(proven.objective));
      expect(quick.objective, both).toBeGreaterThanOrEqual((proven.bound ?? Infinity) - 1e-4);
      dearer += quick.objective - proven.objective;
      all += Math.max(Math.abs(proven.objective), 0.5);
    }),
    { numRuns: 150 },
  );
  expect(dearer, `of ${all}`).toBeLessThan(0.03 * all);
});

it("without trades, and with trades of nothing, money is the same", () => {
  fc.assert(
    fc.property(problem, fc.integer({ min: -4000, max: 4000 }), fc.integer({ min: 0, max: slots - 1 }), (one, wh, slot) => {
      const none = { ...one.traded, bought_w: 0, sold_w: 0 };
      const plain = homeOf(readProblem({ ...one, traded: undefined }, "plain"));
      const idle = homeOf(readProblem({ ...one, traded: none }, "none"));
      // Nothing at a price below nothing is -0, which is as much money as 0.
      expect(gridMoney(idle, slot, wh) + 0).toBe(gridMoney(plain, slot, wh) + 0);
    }),
  );
});

it("by the supplier's tariff a trade moves the point from which it counts, and a constant", () => {
  fc.assert(
    fc.property(problem, watts, fc.boolean(), (one, wh, buys) => {
      const plain = homeOf(readProblem({ ...one, traded: undefined }, "plain"));
      const home = homeOf(readProblem({ ...one, traded: buys ? { bought_w: wh } : { sold_w: wh } }, "one"));
      const by = buys ? wh : -wh;
      const constant = gridMoney(plain, 0, -by);
      // On its own side of nothing the meter stands behind the trade.
      for (const net of [0, by / 2, by, by * 2])
        expect(gridMoney(home, 0, net)).toBeCloseTo(gridMoney(plain, 0, net - by) - constant, 9);
    }),
  );
});

it("a bound by prices stays below the plan at those prices", () => {
  fc.assert(
    fc.property(problem, some(fc.integer({ min: 0, max: 30 })), (one, cent) => {
      const price = Float64Array.from(cent, (each) => each / 1e5);
      const proven = plan(one, exact);
      const net = proven.slots.map(({ import_wh, export_wh }) => import_wh - export_wh);
      const limit = one.grid.export_limit_w ?? Infinity;
      const paid = net.reduce((sum, wh, slot) => sum + Math.max(wh, -limit) * (price[slot] ?? 0), proven.objective);
      expect(pricedHomeBound(solver, homeOf(readProblem(one, "one")), price)).toBeLessThanOrEqual(paid + 1e-4);
    }),
    { numRuns: 60 },
  );
});
