import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../bench/plan/generate-home.ts";
import type { CommunityResult } from "../../../planner/community/community-result.ts";
import type { HomePlan } from "../../../planner/community/home-party.ts";
import { crossing } from "../../../planner/slot-cost.ts";
import { simulateHome } from "../simulate-home.ts";
import { planStreet, startFrom, street, togetherW, type Street } from "./street.ts";

const prices = [0.3, 0.28, 0.2, 0.12, 0.1, 0.15, 0.25, 0.4, 0.38, 0.3, 0.18, 0.08, 0.05, 0.11, 0.2, 0.3];

/** A home with a car, a tank on a relay, a heat pump and at times a battery and PV; parameters by seed, prices the same for all. */
function home(seed: number): object {
  const random = seededRandom(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const hasPv = random() < 0.5;
  return {
    slot_minutes: 60,
    import_price_per_kwh: prices,
    export_price_per_kwh: 0.04,
    base_load_w: prices.map(() => between(200, 700)),
    pv_w: prices.map((_, slot) => (hasPv && slot > 9 && slot < 15 ? between(500, 3000) : 0)),
    pv_curtailable: random() < 0.5,
    grid: { import_limit_w: 11_000 },
    appliances: [
      {
        type: "ev",
        name: "car",
        capacity_wh: 40_000,
        initial_wh: between(10_000, 20_000),
        target_wh: between(21_000, 30_000),
        ready_by: 9,
        plugged: [{ from: Math.floor(between(0, 3)), until: 9 }],
        charge_max_w: 7000,
        charge_min_w: 1400,
        charge_efficiency: 0.9,
      },
      {
        type: "water_heater",
        name: "tank",
        litres: 200,
        initial_c: between(58, 70),
        min_c: 50,
        max_c: 85,
        draw_wh: prices.map(() => between(0, 400)),
        power_w: 2000,
        min_on_minutes: 120,
        min_off_minutes: 60,
      },
      {
        type: "heat_pump",
        name: "heat",
        capacity_wh_per_k: 9000,
        loss_w_per_k: between(80, 140),
        initial_c: 20,
        outdoor_c: 0,
        min_c: 18,
        max_c: 23,
        power_w: 3000,
        min_power_w: 900,
      },
      ...(random() < 0.5
        ? [{ type: "battery", name: "battery", capacity_wh: 8000, initial_wh: 4000, charge_max_w: 3000, discharge_max_w: 3000 }]
        : []),
    ],
  };
}
const homesFrom = (seed: number, count: number): object[] =>
  Array.from({ length: count }, (_, index) => home(seed * 100 + index));

/** Everything that is physically wrong with the plans, found by small steps of the differential equations. */
function faultsOf({ homes, problems }: Street, { answers }: CommunityResult<HomePlan>): string[] {
  return problems.flatMap((problem, index) => {
    const [one, answer] = [homes[index], answers[index]];
    if (!one || !answer) return [`home ${index} has no plan`];
    const watts = (slot: number, device: number): number => {
      const flow = answer.plan.flows[device];
      return ((flow?.in[slot] ?? 0) - (flow?.out[slot] ?? 0)) / (one.hours[slot] ?? 1);
    };
    const powers = new Map(one.devices.map(({ name }, device) => [name, prices.map((_, slot) => watts(slot, device))]));
    const own = prices.map(
      (_, slot) =>
        (one.baseWh[slot] ?? 0) - (one.pvWh[slot] ?? 0) + one.devices.reduce((sum, __, device) => sum + watts(slot, device), 0),
    );
    // What crosses the meter is what the appliances take, and at most the PV is held back.
    const curtailedWh = own.map((wh, slot) => (answer.netWh[slot] ?? 0) - wh);
    const { faults, ends, importWh, exportWh } = simulateHome(problem, prices.length, powers, curtailedWh);
    for (const [slot, wh] of curtailedWh.entries()) {
      if (wh < -1e-6 || wh > (one.curtailable ? (one.pvWh[slot] ?? 0) : 0) + 1e-6)
        faults.push(`home ${index}: ${wh} Wh come from nowhere`);
      if (Math.abs((importWh[slot] ?? 0) - (exportWh[slot] ?? 0) - (answer.netWh[slot] ?? 0)) > 1e-6)
        faults.push("energy is lost");
    }
    const car = ends.get("car")?.[8] ?? 0;
    const wanted = problem.appliances.find(({ type }) => type === "ev");
    if (wanted?.type === "ev" && car < (wanted.target_wh ?? 0) - 20)
      faults.push(`home ${index}: the car lacks ${wanted.target_wh} - ${car}`);
    for (const [name, low, high] of [
      ["tank", 50, 85],
      ["heat", 18, 23],
    ] as const)
      for (const c of ends.get(name) ?? [])
        if (c < low - 0.05 || c > high + 0.05) faults.push(`home ${index}: ${name} at ${c} °C`);
    return faults;
  });
}

describe("homes under a limit", () => {
  it("keep it and their own physics and wishes, whatever the homes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 2, max: 7 }), (seed, count) => {
        const one = street(homesFrom(seed, count), { importW: count * 5000 + 2000, exportW: count * 4000 }, { seed });
        const result = planStreet(one);
        expect(result.feeders).toEqual([]);
        expect(result.status).toBe("kept");
        for (const w of togetherW(one, result)) {
          expect(w).toBeLessThanOrEqual(count * 5000 + 2000 + 0.01);
          expect(w).toBeGreaterThanOrEqual(-count * 4000 - 0.01);
        }
        expect(faultsOf(one, result)).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });

  it("are the same homes with the same plans for the same seed", () => {
    const one = street(homesFrom(3, 5), { importW: 27_000 });
    const nets = (seed: number): number[][] => planStreet(one, { seed }).answers.map(({ netWh }) => [...netWh]);
    expect(nets(7)).toEqual(nets(7));
  });

  it("that are all the same do not herd into the same slots", () => {
    const one = street(
      Array.from({ length: 12 }, () => home(42)),
      { importW: 50_000 },
    );
    const alone = planStreet(one, { feeders: [] });
    const together = planStreet(one);
    expect(Math.max(...togetherW(one, alone))).toBeGreaterThan(80_000);
    expect(Math.max(...togetherW(one, together))).toBeLessThanOrEqual(50_000.01);
    expect(together.curtailed).toEqual([]);
  });

  it("hold several limits at once, and homes without one are left alone", () => {
    const one = street(homesFrom(9, 8), { importW: 40_000 });
    const none = one.community.hours.map(() => Infinity);
    const small = { name: "end", importLimitWh: none.map(() => 11_000), exportLimitWh: none, members: [0, 1] };
    const all = { name: "street", importLimitWh: none.map(() => 26_000), exportLimitWh: none, members: [0, 1, 2, 3, 4] };
    const result = planStreet(one, { feeders: [small, all] });
    expect(result.status).toBe("kept");
    for (const [slot] of prices.entries()) {
      const sum = (members: readonly number[]): number =>
        members.reduce((wh, member) => wh + (result.answers[member]?.netWh[slot] ?? 0), 0);
      expect(sum(small.members)).toBeLessThanOrEqual(11_000.01);
      expect(sum(all.members)).toBeLessThanOrEqual(26_000.01);
    }
    expect(result.prices).toHaveLength(2);
  });

  it("hold PV back, or use it, where export is short of room", () => {
    const sunny = (curtailable: boolean): object => ({
      slot_minutes: 60,
      import_price_per_kwh: 0.3,
      export_price_per_kwh: 0.1,
      pv_w: [0, 4000, 4000, 0],
      pv_curtailable: curtailable,
      appliances: [
        {
          type: "battery",
          name: "b",
          capacity_wh: 2000,
          initial_wh: 0,
          charge_max_w: 1000,
          discharge_max_w: 0,
          final_value_per_kwh: 0.05,
        },
      ],
    });
    const one = street([sunny(true), sunny(true), sunny(false)], { importW: 10_000, exportW: 8000 });
    const result = planStreet(one);
    expect(result.status).toBe("kept");
    expect(Math.min(...togetherW(one, result))).toBeCloseTo(-8000, 3);
    expect(result.heldBack.map(({ party }) => party)).not.toContain("home 2");
    expect(result.heldBack.reduce((sum, { heldBackWh }) => sum + heldBackWh, 0)).toBeGreaterThan(1900);
    const [curtailing, , other] = result.answers;
    // The plan says what crosses the meter; the home alone would sell all of it.
    expect(crossing(one.homes[0] as never, 1, -4000).curtailedWh).toBe(0);
    expect((curtailing?.netWh[1] ?? 0) + (other?.netWh[1] ?? 0)).toBeGreaterThan(-8000);
  });
});

describe("a limit that cannot be met", () => {
  /** A car that needs 4 kW in each of the two slots that it is there. */
  const urgent = (): object => ({
    slot_minutes: 60,
    import_price_per_kwh: [0.1, 0.2],
    base_load_w: 100,
    appliances: [{ type: "ev", name: "car", charge_max_w: 4000, energy_wh: 8000 }],
  });

  it("ends with the limit kept, the homes named, and the same share for homes that are the same", () => {
    const one = street([urgent(), urgent(), urgent(), urgent()], { importW: 10_400 });
    const result = planStreet(one);
    expect(Math.max(...togetherW(one, result))).toBeLessThanOrEqual(10_400.01);
    expect(result.status).toBe("shortfall");
    // 32 kWh are wanted, 20 fit.
    const missing = result.curtailed.map(({ curtailedWh }) => curtailedWh);
    expect(missing).toHaveLength(4);
    expect(missing.reduce((sum, wh) => sum + wh, 0)).toBeCloseTo(12_000, -1);
    expect(Math.max(...missing) - Math.min(...missing)).toBeLessThan(100);
    expect(result.curtailed[0]?.message).toContain("home 0");
  });

  it("takes turns among relays of which only some can run", () => {
    const relay = (): object => ({
      slot_minutes: 60,
      import_price_per_kwh: [0.1, 0.1],
      appliances: [{ type: "deferrable", name: "rod", energy_wh: 6000, power_w: 3000 }],
    });
    const homes = [relay(), relay(), relay()];
    let before = [0, 0, 0];
    for (let day = 0; day < 9; day += 1) {
      const one = street(homes, { importW: 6500 }, { seed: day, curtailedBeforeWh: before });
      const result = planStreet(one);
      expect(result.overloadWh).toBe(0);
      before = before.map(
        (wh, index) => wh + (result.curtailed.find(({ party }) => party === `home ${index}`)?.curtailedWh ?? 0),
      );
    }
    // 6 kWh a day do not fit: 18 for each in nine days, give or take what one day takes.
    expect(before.reduce((sum, wh) => sum + wh, 0)).toBe(9 * 6000);
    expect(Math.max(...before) - Math.min(...before)).toBeLessThanOrEqual(6000);
  });

  it("names the feeder and the slots where even nobody's wishes would help", () => {
    const idle = { slot_minutes: 60, import_price_per_kwh: [0.1, 0.2, 0.1], base_load_w: [500, 3000, 3000] };
    const result = planStreet(street([idle, idle], { importW: 4000 }));
    expect(result.status).toBe("shortfall");
    expect(result.feeders).toEqual([
      {
        feeder: "street",
        kind: "import-limit",
        slot: 1,
        slots: 2,
        amountW: 2000,
        message: "street carries 2000 W more than its import limit from slot 1 to 2",
      },
    ]);
    expect(result.curtailed).toEqual([]);
  });
});

describe("the next coordination", () => {
  const one = street(homesFrom(5, 6), { importW: 31_000 });
  const first = planStreet(one);

  it("keeps plans that are not worth changing", () => {
    const again = planStreet(one, { seed: 2, start: startFrom(first) });
    const changed = again.answers.filter(({ plan }, index) => plan !== first.answers[index]?.plan);
    expect(again.money).toBeLessThanOrEqual(first.money + 1e-9);
    // Who changes gains more than the threshold.
    expect(first.money - again.money).toBeGreaterThanOrEqual(changed.length * one.community.keepWithin - 1e-9);
    const third = planStreet(one, { seed: 3, start: startFrom(again) });
    expect(third.keptAll || third.money < again.money - one.community.keepWithin).toBe(true);
  });

  it("asks much less of the parties than the first", () => {
    const passes = (result: CommunityResult<HomePlan>): number =>
      result.rounds.filter(({ phase }) => phase !== "look" && phase !== "return").length;
    const again = planStreet(one, { seed: 2, start: startFrom(first) });
    expect(passes(again)).toBeLessThan(passes(first) / 3);
  });

  it("follows a limit that has become tighter", () => {
    const tighter = street(homesFrom(5, 6), { importW: prices.map((_, slot) => (slot < 6 ? 24_000 : 31_000)) });
    const result = planStreet(tighter, { start: startFrom(first) });
    expect(result.feeders).toEqual([]);
    expect(Math.max(...togetherW(tighter, result).slice(0, 6))).toBeLessThanOrEqual(24_000.01);
    expect(faultsOf(tighter, result)).toEqual([]);
  });
});

describe("time that runs out", () => {
  const one = street(homesFrom(6, 6), { importW: 31_000 });
  const full = planStreet(one);

  it.each([0, 1, 10, 40])("after %s answers still gives a plan for each home, and says so", (most) => {
    let answers = 0;
    const result = planStreet(one, {}, { nowMs: () => (answers += 1), untilMs: most });
    expect(result.answers).toHaveLength(6);
    expect(result.stopped).toBe(true);
    expect(result.money).toBeGreaterThanOrEqual(full.money - 0.05);
  });

  it("never ends worse than where it began", () => {
    let answers = 0;
    const result = planStreet(one, { start: startFrom(full) }, { nowMs: () => (answers += 1), untilMs: 5 });
    expect(result.overloadWh).toBe(0);
    expect(result.money).toBeLessThanOrEqual(full.money + 1e-9);
  });
});

describe("beginning where the last plan is", () => {
  /** A car that needs so much in 8 hours of equal prices. */
  const carOf = (energyWh: number, readyBy: number): object => ({
    slot_minutes: 60,
    import_price_per_kwh: [0.2, 0.201, 0.202, 0.203, 0.204, 0.205, 0.206, 0.207],
    base_load_w: 0,
    grid: { import_limit_w: 11_000 },
    appliances: [
      {
        type: "ev",
        name: "car",
        energy_wh: energyWh,
        ready_by: readyBy,
        plugged: [{ from: 0, until: readyBy }],
        charge_max_w: 4000,
        charge_efficiency: 1,
      },
    ],
  });
  const plainCars = Array.from({ length: 8 }, () => carOf(4000, 8));

  it("makes room for one that has to charge at once, though nobody else's plan has changed", () => {
    const before = planStreet(street(plainCars, { importW: 8000 }));
    const cars = [carOf(8000, 2), ...plainCars.slice(1)];
    const now = street(cars, { importW: 8000 });
    const { plans, prices: known } = startFrom(before);
    const nothing = { flows: [{ in: new Float64Array(8), out: new Float64Array(8) }], gridWh: new Float64Array(8) };
    const result = planStreet(now, { start: { prices: known, plans: [nothing, ...plans.slice(1)] } });
    expect(result.answers.map(({ missedWh }) => Math.round(missedWh))).toEqual(cars.map(() => 0));
    expect(Math.max(...togetherW(now, result))).toBeLessThanOrEqual(8000 + 1e-3);
    expect(result.status).toBe("kept");
  });

  it("lets no wish miss for a limit that touches none", () => {
    const cars = Array.from({ length: 8 }, () => carOf(8000, 4));
    const one = street(cars, { importW: 18_000 });
    const [feeder] = one.community.feeders;
    if (!feeder) throw new Error("there is a feeder");
    const soft = { ...feeder, name: "soft", importLimitWh: feeder.importLimitWh.map(() => 8000), soft: true };
    const feeders = [feeder, soft];
    const first = planStreet(one, { feeders });
    const nothing = { flows: [{ in: new Float64Array(8), out: new Float64Array(8) }], gridWh: new Float64Array(8) };
    const later = planStreet(one, { feeders, start: { ...startFrom(first), plans: cars.map(() => nothing) } });
    for (const { answers, curtailed } of [first, later]) {
      // To within what a plan is rounded to.
      expect(Math.max(...answers.map(({ missedWh }) => missedWh))).toBeLessThan(50);
      expect(curtailed).toEqual([]);
    }
    expect(Math.max(...togetherW(one, later))).toBeLessThanOrEqual(18_000 + 1e-3);
  });
});
