import { describe, expect, it } from "vitest";
import { homeParty, homeRoom, planInForce, priceScale, type HomePlan } from "../../../planner/community/home-party.ts";
import type { Answer, Ask } from "../../../planner/community/party.ts";
import { homeOf, readProblem } from "../../../planner/home-of.ts";

const slots = 6;
const every = (value: number): Float64Array => new Float64Array(slots).fill(value);
const ask = (changes: Partial<Ask<HomePlan>> = {}): Ask<HomePlan> => ({
  price: every(0),
  most: every(Infinity),
  least: every(-Infinity),
  beyond: 1,
  effort: "usual",
  from: undefined,
  keepWithin: 0,
  ...changes,
});
const homeWith = (changes: object) =>
  homeOf(readProblem({ slot_minutes: 60, import_price_per_kwh: [0.3, 0.1, 0.2, 0.3, 0.25, 0.3], ...changes }, "home"));
const answerOf = (changes: object, asked: Partial<Ask<HomePlan>> = {}, seed = 1): Answer<HomePlan> =>
  homeParty(homeWith(changes), seed, homeRoom()).answer(ask(asked));
const car = { type: "ev", name: "car", energy_wh: 4000, charge_max_w: 4000, ready_by: 3 };
const rounded = ({ netWh }: Answer<HomePlan>): number[] => [...netWh].map((wh) => Math.round(wh));

describe("a home", () => {
  it("takes its energy where price and ask together are least, and tells its money without the ask", () => {
    const free = answerOf({ appliances: [car] });
    expect(rounded(free)).toEqual([0, 4000, 0, 0, 0, 0]);
    const asked = answerOf({ appliances: [car] }, { price: Float64Array.of(0, 1.5e-4, 0, 0, 0, 0) });
    expect(rounded(asked)).toEqual([0, 0, 4000, 0, 0, 0]);
    expect(asked.money).toBeCloseTo(0.8, 6);
  });

  it("never lets a price or narrow headroom buy off a wish", () => {
    for (const price of [1e-3, 1, 1e6]) {
      const answer = answerOf({ appliances: [car] }, { price: every(price), most: every(100), beyond: price });
      expect(answer.missedWh).toBeLessThan(1);
      expect(answer.netWh.reduce((sum, wh) => sum + wh, 0)).toBeCloseTo(4000, 0);
    }
  });

  it("gives a wish up for a firm limit only, and no more of it than it must", () => {
    const answer = answerOf({ appliances: [car] }, { most: every(1000), beyond: "firm" });
    expect(Math.max(...answer.netWh)).toBeLessThanOrEqual(1000 + 1e-6);
    expect(answer.missedWh).toBeCloseTo(1000, 0);
  });

  it("gives way whole where its least power just does not fit a firm limit", () => {
    const heater = { type: "deferrable", name: "heater", energy_wh: 4000, power_w: 2000, until: 3 };
    expect(rounded(answerOf({ appliances: [heater] }, { most: every(1990), beyond: "firm" }))).toEqual(Array(6).fill(0));
    expect(rounded(answerOf({ appliances: [heater] }, { most: every(2000), beyond: "firm" }))).toEqual([0, 2000, 2000, 0, 0, 0]);
  });

  it("ends no run too early for a firm limit", () => {
    const heater = { type: "deferrable", name: "heater", energy_wh: 9000, power_w: 3000, was_on: true };
    const running = { ...heater, min_on_minutes: 180, was_for_minutes: 60 };
    expect(rounded(answerOf({ appliances: [running] }, { most: every(0), beyond: "firm" }))).toEqual([3000, 3000, 0, 0, 0, 0]);
  });

  it("keeps its fuse whatever is asked", () => {
    const answer = answerOf(
      { appliances: [{ ...car, energy_wh: 6000 }], grid: { import_limit_w: 2500 }, base_load_w: 300 },
      { price: Float64Array.of(0, -1, 0, 0, 0, 0), least: every(3000), beyond: "firm" },
    );
    expect(Math.max(...answer.netWh)).toBeLessThanOrEqual(2500 + 1e-6);
  });

  it("stays with its plan where another one is not better by more than the threshold", () => {
    const party = homeParty(homeWith({ appliances: [car] }), 1, homeRoom());
    const first = party.answer(ask());
    const price = Float64Array.of(0, 1.1e-4, 0, 0, 0, 0);
    const stays = party.answer(ask({ from: first.plan, price, keepWithin: 0.05 }));
    expect(stays.kept).toBe(true);
    expect(stays.plan).toBe(first.plan);
    const moves = party.answer(ask({ from: first.plan, price, keepWithin: 0.03 }));
    expect(moves.kept).toBe(false);
    expect(rounded(moves)).toEqual([0, 0, 4000, 0, 0, 0]);
  });

  it("holds PV back for a price below nothing or for narrow headroom, if it may", () => {
    const sunny = { pv_w: 3000, export_price_per_kwh: 0.05, pv_curtailable: true };
    expect(rounded(answerOf(sunny))).toEqual(Array.from({ length: slots }, () => -3000));
    expect(rounded(answerOf(sunny, { price: every(-1e-4) }))).toEqual(Array.from({ length: slots }, () => 0));
    expect(answerOf(sunny).heldBackWh).toBe(0);
    expect(answerOf(sunny, { least: every(-1200) }).heldBackWh).toBeCloseTo(slots * 1800, 6);
    expect(rounded(answerOf(sunny, { least: every(-1200) }))).toEqual(Array.from({ length: slots }, () => -1200));
    expect(rounded(answerOf({ ...sunny, pv_curtailable: false }, { least: every(-1200) }))).toEqual(
      Array.from({ length: slots }, () => -3000),
    );
  });

  it("looks at a plan without another one where it is only asked to look", () => {
    const home = homeWith({ appliances: [car] });
    const plan = planInForce(home, { car: [4000, 0, 0, 0, 0, 0] });
    const answer = homeParty(home, 1, homeRoom()).answer(ask({ effort: "keep", from: plan }));
    expect(answer.kept).toBe(true);
    expect(answer.money).toBeCloseTo(1.2, 6);
    expect(planInForce(home, { other: [] })).toBeUndefined();
  });

  it("breaks ties by its seed, so that the same homes spread over slots of one price", () => {
    const flat = { import_price_per_kwh: Array.from({ length: slots }, () => 0.2), appliances: [{ ...car, ready_by: slots }] };
    const chosen = new Set(Array.from({ length: 20 }, (_, seed) => rounded(answerOf(flat, {}, seed)).join(" ")));
    expect(chosen.size).toBeGreaterThan(3);
    expect(rounded(answerOf(flat, {}, 7))).toEqual(rounded(answerOf(flat, {}, 7)));
  });

  it("minds a charge on its peak", () => {
    const charged = { appliances: [car], capacity_charge: { price_per_kw: 1 } };
    const answer = answerOf(charged);
    // 4 kWh in three hours: the flatter the cheaper.
    expect(Math.max(...answer.netWh)).toBeLessThan(2000);
    expect(answer.missedWh).toBeLessThan(1);
  });
});

it("the price scale is half of how far prices lie apart, and never nothing", () => {
  expect(priceScale([homeWith({})])).toBeGreaterThan(5e-5);
  expect(priceScale([homeWith({ import_price_per_kwh: 0.2, slots })])).toBeCloseTo(1e-5, 9);
  expect(priceScale([])).toBe(0);
});
