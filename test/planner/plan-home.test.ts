import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../bench/plan/generate-home.ts";
import { exactPlan } from "../../planner/exact/exact-plan.ts";
import { loadSolver } from "../../planner/exact/solve-milp.ts";
import { readProblem } from "../../planner/home-of.ts";
import type { Outcome } from "../../planner/outcome.ts";
import { planHome, type Engine } from "../../planner/plan-home.ts";
import type { Problem } from "../../planner/problem.ts";
import { simulateHome } from "./simulate-home.ts";

const solver = await loadSolver();
const exact: Engine = { name: "exact", solve: (home) => exactPlan(solver, home, { gap: 1e-6, timeLimitS: 20 }) };
const fast: Engine = { name: "fast" };
const plan = (problem: object, engine: Engine = fast): Outcome => planHome(readProblem(problem, "test"), engine, () => 0);
const prices = [0.3, 0.28, 0.2, 0.12, 0.1, 0.15, 0.25, 0.4, 0.38, 0.3, 0.18, 0.08, 0.05, 0.11, 0.2, 0.3, 0.42, 0.45, 0.35, 0.25];

/** A house with one of each that fits 20 slots of an hour; parameters by seed. */
function house(seed: number): Problem {
  const random = seededRandom(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const each = (low: number, high: number): number[] => prices.map(() => between(low, high));
  return readProblem(
    {
      slot_minutes: 60,
      import_price_per_kwh: prices.map((price) => price * between(0.7, 1.3)),
      export_price_per_kwh: each(-0.02, 0.08),
      base_load_w: each(200, 900),
      pv_w: each(0, 2500),
      pv_curtailable: random() < 0.5,
      grid: { import_limit_w: 12_000 },
      appliances: [
        {
          type: "ev",
          name: "car",
          capacity_wh: 40_000,
          initial_wh: 15_000,
          target_wh: 27_000,
          ready_by: 9,
          plugged: [{ from: 1, until: 9 }],
          charge_max_w: 7000,
          charge_min_w: 1400,
          charge_efficiency: 0.9,
        },
        {
          type: "water_heater",
          name: "tank",
          litres: 200,
          initial_c: 65,
          min_c: 50,
          max_c: 85,
          draw_wh: each(0, 500),
          power_w: 2000,
          min_on_minutes: 120,
          min_off_minutes: 60,
        },
        {
          type: "heat_pump",
          name: "heat",
          capacity_wh_per_k: 9000,
          loss_w_per_k: 120,
          initial_c: 20,
          outdoor_c: each(-5, 5),
          min_c: 18,
          max_c: 23,
          power_w: 3000,
          min_power_w: 900,
        },
        {
          type: "battery",
          name: "battery",
          capacity_wh: 8000,
          min_wh: 800,
          initial_wh: 4000,
          charge_max_w: 3000,
          discharge_max_w: 3000,
          charge_efficiency: 0.95,
          discharge_efficiency: 0.95,
          leakage_per_hour: 0.001,
        },
      ],
    },
    "house",
  );
}

const powersOf = (outcome: Outcome): Map<string, number[]> =>
  new Map(outcome.appliances.map(({ name, energy_wh: wh }) => [name, wh.map((one) => one)]));

describe("planHome", () => {
  it("keeps every rule of physics and every wish, by a simulation of its own", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (seed) => {
        const problem = house(seed);
        const outcome = planHome(problem, fast, () => 0);
        expect(outcome.status, outcome.shortfalls.map(({ message }) => message).join("; ")).toBe("kept");
        const { ends, faults, importWh, exportWh } = simulateHome(
          problem,
          prices.length,
          powersOf(outcome),
          outcome.slots.map((slot) => slot.curtailed_wh),
        );
        expect(faults).toEqual([]);
        for (const { name, state } of outcome.appliances)
          for (const [slot, end] of (ends.get(name) ?? []).entries())
            expect(Math.abs(end - (state?.end[slot] ?? Number.NaN)), `${name} after slot ${slot}`).toBeLessThan(
              name === "car" || name === "battery" ? 2 : 0.05,
            );
        for (const [slot, { import_wh: imported, export_wh: exported }] of outcome.slots.entries()) {
          expect(imported).toBeCloseTo(importWh[slot] ?? Number.NaN, 1);
          expect(exported).toBeCloseTo(exportWh[slot] ?? Number.NaN, 1);
        }
        const money =
          importWh.reduce((sum, wh, slot) => sum + (wh * (problem.import_price_per_kwh as number[])[slot]!) / 1000, 0) -
          exportWh.reduce((sum, wh, slot) => sum + (wh * (problem.export_price_per_kwh as number[])[slot]!) / 1000, 0);
        expect(outcome.cost.total).toBeCloseTo(money, 3);
      }),
      { numRuns: 25 },
    );
  });

  it("comes within 3 % of the exact engine, which is never dearer than its own bound allows", () => {
    for (const seed of [11, 12, 13, 14]) {
      const problem = house(seed);
      const [quick, proven] = [
        planHome(problem, fast, () => 0),
        planHome(problem, { name: "exact", solve: (home) => exactPlan(solver, home, { gap: 0.002, timeLimitS: 20 }) }, () => 0),
      ];
      expect(proven.objective).toBeGreaterThanOrEqual((proven.bound ?? Infinity) - 1e-6);
      expect(quick.objective).toBeGreaterThanOrEqual((proven.bound ?? Infinity) - 1e-6);
      // Of what the appliances' energy costs at the mean price: PV can make the bill itself next to nothing.
      const kWh =
        proven.appliances.reduce((sum, { energy_wh: wh }) => sum + wh.reduce((all, one) => all + Math.max(0, one), 0), 0) / 1000;
      const meanPrice = prices.reduce((sum, price) => sum + price, 0) / prices.length;
      expect(quick.objective - proven.objective).toBeLessThan(0.03 * kWh * meanPrice);
    }
  });

  it.each([
    ["fast", fast],
    ["exact", exact],
  ])("%s: charges all it can and names what is missing where a wish cannot be met", (_, engine) => {
    const outcome = plan(
      {
        slot_minutes: 60,
        import_price_per_kwh: prices,
        appliances: [
          { type: "ev", name: "car", capacity_wh: 60_000, initial_wh: 0, target_wh: 30_000, ready_by: 3, charge_max_w: 7000 },
        ],
      },
      engine,
    );
    expect(outcome.shortfalls).toMatchObject([{ appliance: "car", kind: "below-minimum", slot: 2, amount: 9000, unit: "Wh" }]);
    expect(outcome.appliances[0]?.power_w.slice(0, 3)).toEqual([7000, 7000, 7000]);
  });

  it("does the best it can where windows contradict each other, and where nothing is known", () => {
    const outcome = plan({
      slot_minutes: 60,
      import_price_per_kwh: [null, Number.NaN, 0.2, 0.1, null, 0.3],
      base_load_w: null,
      appliances: [
        { type: "deferrable", name: "pump", energy_wh: 2000, power_w: 1000, from: 4, until: 2 },
        { type: "ev", name: "car", charge_max_w: 3000, energy_wh: 5000, ready_by: 5, initial_wh: null },
        { type: "cycle", name: "washer", profile_w: [2000, 300], from: 5 },
        { type: "battery", name: "battery", capacity_wh: 5000, initial_wh: null, charge_max_w: 1000, discharge_max_w: 1000 },
        {
          type: "ev",
          name: "guest",
          charge_max_w: 3000,
          energy_wh: 1000,
          plugged: [{ from: 3, until: 1 }],
          bounds: [{ from: 4, until: 2, min_wh: 1 }],
        },
      ],
    });
    expect(outcome.shortfalls.map(({ appliance, kind }) => [appliance, kind])).toEqual([
      ["pump", "below-minimum"],
      ["washer", "cycle-not-run"],
      ["guest", "below-minimum"],
    ]);
    expect(outcome.appliances[1]?.energy_wh.reduce((sum, wh) => sum + wh, 0)).toBeCloseTo(5000, 0);
    expect(outcome.notes.join("\n")).toContain("import_price_per_kwh is not known in 3 of 6 slots");
    expect(outcome.notes.join("\n")).toContain("appliances.0 (pump) has no slot between from and until");
    expect(outcome.notes.join("\n")).toContain("appliances.4 (guest).plugged.0 has no slot between from and until");
    expect(outcome.notes.join("\n")).toContain("appliances.4 (guest).bounds.0 holds no end of a slot");
    expect(JSON.stringify(outcome)).not.toMatch(/\[null|,null[,\]]|NaN|Infinity/);
  });

  it("holds the fuse before any wish", () => {
    const outcome = plan({
      slot_minutes: 60,
      import_price_per_kwh: prices,
      base_load_w: 1000,
      grid: { import_limit_w: 3000 },
      appliances: [
        { type: "ev", name: "car", capacity_wh: 60_000, initial_wh: 0, target_wh: 20_000, ready_by: 6, charge_max_w: 7000 },
      ],
    });
    expect(Math.max(...outcome.slots.map((slot) => slot.import_wh))).toBeLessThanOrEqual(3000.5);
    expect(outcome.shortfalls).toMatchObject([{ appliance: "car", kind: "below-minimum" }]);
  });

  it("and starts nothing that is two watts too large for it, whatever is missed then", () => {
    const outcome = plan({
      slot_minutes: 15,
      import_price_per_kwh: prices,
      base_load_w: 2,
      grid: { import_limit_w: 3000 },
      appliances: [{ type: "deferrable", name: "heater", energy_wh: 500, power_w: 3000, on_off: true, from: 0, until: 20 }],
    });
    expect(outcome.slots.every((slot) => slot.import_wh <= 0.5)).toBe(true);
    expect(outcome.shortfalls).toMatchObject([{ appliance: "heater" }]);
  });

  it("keeps the plan in force at equal prices, and leaves it where another is clearly better", () => {
    const car = { type: "ev", name: "car", charge_max_w: 4000, energy_wh: 8000, ready_by: 6 };
    const previous = { car: [0, 4000, 0, 0, 4000, 0] };
    const same = plan({ slot_minutes: 60, import_price_per_kwh: [0.2, 0.2, 0.2, 0.2, 0.2, 0.2], appliances: [car], previous });
    expect(same.kept_previous).toBe(true);
    expect(same.appliances[0]?.power_w).toEqual(previous.car);
    const better = plan({ slot_minutes: 60, import_price_per_kwh: [0.2, 0.2, 0.1, 0.1, 0.2, 0.2], appliances: [car], previous });
    expect(better.kept_previous).toBe(false);
    expect(better.appliances[0]?.power_w).toEqual([0, 0, 4000, 4000, 0, 0]);
  });

  it("leaves a plan in force that would break a rule now", () => {
    const pump = { type: "deferrable", name: "pump", energy_wh: 2000, power_w: 1000, min_on_minutes: 120 };
    const withPlan = (previous: number[], was: object): object => ({
      slot_minutes: 60,
      import_price_per_kwh: [0.2, 0.2, 0.2, 0.2],
      appliances: [{ ...pump, ...was }],
      previous: { pump: previous },
    });
    const running = { was_on: true, was_for_minutes: 60 };
    expect(plan(withPlan([1000, 0, 0, 0], running))).toMatchObject({ kept_previous: false, status: "kept" });
    expect(plan(withPlan([1000, 1000, 0, 0], running))).toMatchObject({ kept_previous: true });
    // It has to run for another hour.
    expect(plan(withPlan([0, 0, 1000, 1000], running)).appliances[0]?.power_w[0]).toBe(1000);
    expect(plan(withPlan([0, 0, 1000, 1000], {}))).toMatchObject({ kept_previous: true });
  });

  it.each([
    ["fast", fast],
    ["exact", exact],
  ])("%s: a battery that is to charge gives nothing meanwhile, full or not", (_, engine) => {
    const outcome = plan(
      {
        slot_minutes: 60,
        import_price_per_kwh: [0.9, 0.9, 0.9, 0.1],
        base_load_w: 800,
        appliances: [
          {
            type: "battery",
            name: "battery",
            capacity_wh: 3000,
            initial_wh: 2500,
            charge_max_w: 2000,
            charge_min_w: 700,
            discharge_max_w: 2000,
            demand_w: [1000, 1000, 0, 0],
          },
        ],
      },
      engine,
    );
    // What is left until it is full is less than its least power; from then on it is free.
    const powers = outcome.appliances[0]?.power_w.map((w) => Math.round(w)) ?? [];
    expect(powers.slice(0, 2)).toEqual([500, 0]);
    expect(powers[2]).toBeLessThanOrEqual(-800);
    expect(outcome.shortfalls).toEqual([]);
  });

  it("runs a programme once, unbroken, in its cheapest place", () => {
    const outcome = plan({
      slot_minutes: 60,
      import_price_per_kwh: prices,
      appliances: [{ type: "cycle", name: "washer", profile_w: [500, 2000, 200], from: 2, until: 16 }],
    });
    expect(outcome.appliances[0]?.power_w.slice(10, 15)).toEqual([0, 500, 2000, 200, 0]);
    expect(outcome.shortfalls).toEqual([]);
  });

  it("holds off what runs by its own thermostat no longer than it may, and gives it back what it missed", () => {
    const outcome = plan({
      slot_minutes: 30,
      import_price_per_kwh: [0.2, 0.9, 0.9, 0.7, 0.9, 0.9, 0.2, 0.2, 0.2, 0.2],
      appliances: [
        { type: "blockable", name: "heat pump", expected_w: 1000, power_w: 2500, max_block_minutes: 60, min_free_minutes: 30 },
      ],
    });
    const powers = outcome.appliances[0]?.power_w ?? [];
    expect(powers.reduce((sum, w) => sum + w, 0)).toBeCloseTo(10_000, 0);
    for (let slot = 2; slot < powers.length; slot += 1) expect(powers.slice(slot - 2, slot + 1)).not.toEqual([0, 0, 0]);
    expect(powers.filter((w) => w === 0).length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    [0, [0, 0]],
    [30, [2000, 0]],
    [60, [2500, 0]],
    [500, [2500, 0]],
  ])("goes on with a block that has lasted %i minutes, and makes good what it has denied", (minutes, first) => {
    const appliance = { type: "blockable", name: "heat pump", expected_w: 1000, power_w: 2500, max_block_minutes: 60 };
    const outcome = plan({
      slot_minutes: 30,
      import_price_per_kwh: [0.9, 0.9, 0.1, 0.1, 0.1, 0.1],
      appliances: [{ ...appliance, min_free_minutes: 30, blocked_minutes: minutes }],
    });
    const powers = outcome.appliances[0]?.power_w ?? [];
    expect(powers.slice(0, 2)).toEqual(first);
    expect(powers.reduce((sum, w) => sum + w / 2, 0)).toBeCloseTo(3000 + (1000 * Math.min(minutes, 60)) / 60, 0);
    expect(outcome.shortfalls).toEqual([]);
  });

  it("keeps the plan in force of what runs by its own thermostat, and does not take what it catches up for missed", () => {
    const problem = {
      slot_minutes: 30,
      import_price_per_kwh: [0.2, 0.9, 0.9, 0.7, 0.9, 0.9, 0.2, 0.2, 0.2, 0.2],
      appliances: [
        { type: "blockable", name: "heat pump", expected_w: 1000, power_w: 2500, max_block_minutes: 60, min_free_minutes: 30 },
      ],
    };
    const powers = plan(problem).appliances[0]?.power_w ?? [];
    // Lists say only when it is free, and what it draws then as a rule.
    const previous = { "heat pump": powers.map((watts) => (watts > 0 ? 1000 : 0)) };
    const kept = plan({ ...problem, previous });
    expect(kept).toMatchObject({ kept_previous: true, shortfalls: [] });
    expect(kept.appliances[0]?.power_w).toEqual(powers);
  });

  it("uses energy that costs less than nothing, and does not burn it in a battery", () => {
    const outcome = plan(
      {
        slot_minutes: 60,
        import_price_per_kwh: [-0.1, -0.1, 0.2, 0.3],
        export_price_per_kwh: 0,
        base_load_w: 500,
        appliances: [
          {
            type: "battery",
            name: "battery",
            capacity_wh: 4000,
            initial_wh: 0,
            charge_max_w: 2000,
            discharge_max_w: 2000,
            charge_efficiency: 0.9,
            discharge_efficiency: 0.9,
          },
        ],
      },
      exact,
    );
    expect(outcome.appliances[0]?.power_w.slice(0, 2)).toEqual([2000, 2000]);
    expect(outcome.cost.total).toBeCloseTo(-0.1 * 5, 4);
  });

  it.each([
    [
      { slot_minutes: 60, import_price_per_kwh: [0.1, 0.2], base_load_w: [1, 2, 3] },
      /import_price_per_kwh has 2 figures, expected 3/,
    ],
    [
      {
        slot_minutes: 60,
        slots: 2,
        import_price_per_kwh: 0.1,
        appliances: [{ type: "ev", name: "car", charge_max_w: 1, charge_min_w: 2 }],
      },
      /appliances\.0 \(car\)\.charge_min_w: 2 is above charge_max_w 1/,
    ],
    [{ slot_minutes: 60, slots: 2, import_price_per_kwh: 0.1, colour: "red" }, /colour/],
    [{ slot_minutes: 60, import_price_per_kwh: 0.1 }, /give slots/],
    [
      {
        slot_minutes: 60,
        slots: 2,
        import_price_per_kwh: 0.1,
        appliances: [{ type: "ev", name: "car", charge_max_w: 1, ready_by: "2026-01-01T07:00:00Z", energy_wh: 1 }],
      },
      /has no start/,
    ],
  ])("says what is wrong with a problem: %#", (problem, message) => expect(() => plan(problem)).toThrow(message));
});
