import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exactPlan } from "../../planner/exact/exact-plan.ts";
import { loadSolver } from "../../planner/exact/solve-milp.ts";
import { readProblem } from "../../planner/home-of.ts";
import type { Outcome } from "../../planner/outcome.ts";
import { planHome, type Engine } from "../../planner/plan-home.ts";

const folder = join(import.meta.dirname, "../../../shared/cases");
const solver = existsSync(folder) ? await loadSolver() : undefined;
const engines: [string, Engine, number][] = solver
  ? [
      ["exact", { name: "exact", solve: (home) => exactPlan(solver, home, { gap: 1e-7, timeLimitS: 60 }) }, 1e-4],
      ["fast", { name: "fast" }, 0.03],
    ]
  : [];

/* oxlint-disable typescript/no-explicit-any, typescript/no-unsafe-assignment, typescript/no-unsafe-member-access, typescript/no-unsafe-call, typescript/no-unsafe-argument, typescript/no-unsafe-return -- the cases are read as they are */
const read = (file: string): any => JSON.parse(readFileSync(join(folder, file), "utf8"));
const plan = (problem: unknown, engine: Engine): Outcome => planHome(readProblem(problem, "case"), engine, () => 0);
const off = (found: number, wanted: number): number => Math.abs(found - wanted) / Math.max(Math.abs(wanted), 1);

/** The battery of FlexMeasures' test cases. */
const battery = {
  type: "battery",
  name: "battery",
  capacity_wh: 4500,
  min_wh: 500,
  initial_wh: 2500,
  charge_max_w: 2000,
  discharge_max_w: 2000,
};

describe.runIf(solver)("the shared cases of one home", () => {
  const houses = solver ? readdirSync(folder).filter((file) => file.startsWith("evcc-opt")) : [];
  // One of them keeps the solver busy for ten seconds, on a busy machine for longer.
  describe.each(engines)("%s engine", { timeout: 120_000 }, (name, engine, share) => {
    it.each(houses)("%s", (file) => {
      const { inputs, expected } = read(file);
      const { dt, gt, ft, p_N: buy, p_E: sell } = inputs.time_series;
      const watts = (wh: number[]): number[] => wh.map((value, slot) => (value * 3600) / dt[slot]);
      const outcome = plan(
        {
          slot_seconds: dt,
          import_price_per_kwh: buy.map((price: number) => price * 1000),
          export_price_per_kwh: sell.map((price: number) => price * 1000),
          base_load_w: watts(gt),
          pv_w: watts(ft),
          grid: {
            ...(inputs.grid?.p_max_imp && { import_limit_w: inputs.grid.p_max_imp }),
            ...(inputs.grid?.p_max_exp && { export_limit_w: inputs.grid.p_max_exp }),
          },
          appliances: inputs.batteries.map((one: any, index: number) => ({
            type: "battery",
            name: `b${index}`,
            capacity_wh: one.s_capacity ?? one.s_max,
            max_wh: one.s_max,
            min_wh: one.s_min,
            initial_wh: one.s_initial,
            charge_max_w: one.c_max,
            charge_min_w: one.c_min,
            discharge_max_w: one.d_max,
            charge_efficiency: inputs.eta_c,
            discharge_efficiency: inputs.eta_d,
            final_value_per_kwh: one.p_a * 1000,
            charge_from_grid: one.charge_from_grid ?? false,
            discharge_to_grid: one.discharge_to_grid ?? false,
            ...(one.p_demand && { demand_w: watts(one.p_demand) }),
            ...(one.s_goal && {
              bounds: one.s_goal.flatMap((wh: number, slot: number) => (wh > 0 ? [{ at: slot + 1, min_wh: wh }] : [])),
            }),
          })),
        },
        engine,
      );
      if (expected.best_money_value === null) expect(outcome.shortfalls).not.toEqual([]);
      else expect(off(-outcome.cost.total, expected.best_money_value)).toBeLessThanOrEqual(share);
    });

    it.each(["1", "0.99", "0.01"])("battery arbitrage at a round trip of %s", (efficiency) => {
      const { inputs, expected } = read("fm-battery-arbitrage-8-8-8.json");
      const price = inputs.buy_eur_per_mwh;
      const each = Math.sqrt(Number(efficiency));
      const outcome = plan(
        {
          slot_minutes: 60,
          import_price_per_kwh: price,
          export_price_per_kwh: price,
          appliances: [
            {
              ...battery,
              charge_efficiency: each,
              discharge_efficiency: each,
            },
          ],
        },
        engine,
      );
      const wanted = expected.by_roundtrip_efficiency[efficiency];
      expect(off(-outcome.cost.total, wanted.profit_eur)).toBeLessThanOrEqual(share);
      const fill = outcome.appliances[0]?.state?.end ?? [];
      if (efficiency !== "0.01") expect([fill[7], fill[15]].map((wh) => Math.round((wh ?? 0) / 100) / 10)).toEqual([0.5, 4.5]);
      expect(off(fill[23] ?? 0, 500)).toBeLessThanOrEqual(share);
    });

    it("bounds of the fill at given times", () => {
      const { inputs, expected } = read("fm-soc-minima-maxima-target.json");
      const outcome = plan(
        {
          slot_minutes: 60,
          import_price_per_kwh: inputs.price_eur_per_mwh,
          export_price_per_kwh: inputs.price_eur_per_mwh,
          appliances: [
            {
              ...battery,
              bounds: [
                { at: 8, min_wh: 3500 },
                { from: 12, until: 13, max_wh: 1000 },
                { at: 19, min_wh: 2000, max_wh: 2000 },
              ],
            },
          ],
        },
        engine,
      );
      expect(outcome.shortfalls).toEqual([]);
      expect(off(-outcome.cost.total, expected.profit_eur_with_bounds)).toBeLessThanOrEqual(share);
    });

    it("a target that can be reached is, one that cannot is named", () => {
      const { inputs, expected } = read("fm-ev-reachability.json");
      for (const [index, one] of inputs.cases.entries()) {
        const outcome = plan(
          {
            slot_minutes: 15,
            import_price_per_kwh: inputs.price_eur_per_mwh,
            export_price_per_kwh: inputs.price_eur_per_mwh,
            appliances: [
              {
                type: "ev",
                name: "car",
                capacity_wh: 20_000,
                initial_wh: one.soc0 * 1000,
                charge_max_w: 2000,
                discharge_max_w: one.bidirectional ? 2000 : 0,
                bounds: [{ at: inputs.deadline_slot, min_wh: one.target * 1000, max_wh: one.target * 1000 }],
              },
            ],
          },
          engine,
        );
        expect(outcome.status === "kept", `case ${index}`).toBe(expected.feasible[index]);
      }
    });

    it("a peak is shaved where it is charged, unless it has been paid for", () => {
      const { inputs, expected } = read("emhass-capacity-charge.json");
      for (const index of [0, 1, 2]) {
        const outcome = plan(
          {
            slot_minutes: inputs.slot_minutes,
            import_price_per_kwh: inputs.price_eur_per_kwh,
            base_load_w: inputs.load_kw.map((kw: number) => kw * 1000),
            grid: { export_limit_w: 0 },
            capacity_charge: {
              price_per_kw: inputs.capacity_price_eur_per_kw[index],
              already_peak_w: inputs.already_locked_peak_kw[index] * 1000,
            },
            appliances: [
              {
                type: "battery",
                name: "battery",
                capacity_wh: 10_000,
                initial_wh: 5000,
                charge_max_w: 20_000,
                discharge_max_w: 20_000,
                wear_per_kwh: inputs.battery.wear_eur_per_kwh_each_way,
                bounds: [{ at: 6, min_wh: 5000, max_wh: 5000 }],
              },
            ],
          },
          engine,
        );
        expect(off(outcome.peak_import_w / 1000, expected.peak_import_kw[index])).toBeLessThanOrEqual(share);
        if (index === 1) expect(off(outcome.cost.total, expected.exact_optimum_run2.total_cost)).toBeLessThanOrEqual(share);
      }
    });

    it("a car by a deadline takes the cheapest time, in pieces or in one", () => {
      const pieces = read("evcc-planner-dispersed.json");
      for (const [index, { need_min: needMin, now_min: nowMin }] of pieces.inputs.cases.entries()) {
        const seconds = pieces.inputs.price.map((_: number, slot: number) =>
          Math.max(1, 3600 - Math.max(0, nowMin * 60 - slot * 3600)),
        );
        const outcome = plan(
          {
            slot_seconds: seconds,
            import_price_per_kwh: pieces.inputs.price,
            appliances: [{ type: "ev", name: "car", charge_max_w: 1000, energy_wh: (needMin * 1000) / 60, ready_by: 6 }],
          },
          engine,
        );
        expect(off(outcome.cost.total, pieces.expected.cost_price_hours[index])).toBeLessThanOrEqual(share);
      }
      const one = read("evcc-planner-continuous.json");
      for (const [index, { first_slot_min: first, price, deadline_min: deadline }] of one.inputs.cases.entries()) {
        const window = one.expected.window_min[index];
        if (window === null) continue;
        const left = price.slice(Math.max(0, -first / 60), (deadline - first) / 60);
        const outcome = plan(
          {
            slot_minutes: 60,
            import_price_per_kwh: left,
            appliances: [
              {
                type: "ev",
                name: "car",
                charge_max_w: 1000,
                charge_min_w: 1000,
                energy_wh: 2000,
                ready_by: left.length,
                single_window: true,
              },
            ],
          },
          engine,
        );
        const hours = (minute: number): number => (minute - Math.max(0, first)) / 60;
        const cost = left.slice(hours(window[0]), hours(window[1])).reduce((sum: number, each: number) => sum + each, 0);
        expect(off(outcome.cost.total, cost)).toBeLessThanOrEqual(share);
        expect(outcome.appliances[0]?.starts).toBe(1);
      }
    });
  });
});
