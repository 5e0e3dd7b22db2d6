import { expect, it } from "vitest";
import { answerHere } from "../../../planner/community/answer-here.ts";
import { coordinate } from "../../../planner/community/coordinate.ts";
import { homeParty, homeRoom } from "../../../planner/community/home-party.ts";
import type { Ask } from "../../../planner/community/party.ts";
import { portfolioParty, type PortfolioPlan } from "../../../planner/community/portfolio-party.ts";
import type { HomePlan } from "../../../planner/community/home-party.ts";
import { street, unhurried, type Street } from "./street.ts";

const prices = [0.1, 0.2, 0.3, 0.15];
/** A car that needs 6 kWh at up to 3 kW in four hours. */
const car = {
  slot_minutes: 60,
  import_price_per_kwh: prices,
  appliances: [{ type: "ev", name: "car", energy_wh: 6000, charge_max_w: 3000 }],
};

const portfolio = ({ homes, community }: Street) => {
  const room = homeRoom();
  const parties = homes.map((home, index) => homeParty(home, index, room));
  return portfolioParty({ community, parties, nowMs: () => 0, mostMs: 1 });
};
const ask = (changes: Partial<Ask<PortfolioPlan<HomePlan>>> = {}): Ask<PortfolioPlan<HomePlan>> => ({
  price: new Float64Array(4),
  most: new Float64Array(4).fill(Infinity),
  least: new Float64Array(4).fill(-Infinity),
  beyond: 1,
  effort: "usual",
  from: undefined,
  keepWithin: 0.01,
  ...changes,
});

it("answers prices, and keeps its own limit and the headroom that it is given", () => {
  const party = portfolio(street([car, car, car, car], { importW: 9000 }));
  const free = party.answer(ask());
  // 24 kWh: 9 in each of the two cheapest hours, the rest in the next.
  for (const [slot, wh] of [9000, 6000, 0, 9000].entries()) expect(Math.abs((free.netWh[slot] ?? 0) - wh)).toBeLessThan(100);
  const dear = party.answer(ask({ price: Float64Array.of(1e-3, 0, 0, 0), from: free.plan }));
  expect(dear.netWh[0]).toBeLessThan(1);
  const narrow = party.answer(ask({ most: Float64Array.of(4000, 7000, Infinity, Infinity), from: free.plan }));
  expect(narrow.netWh[0]).toBeLessThanOrEqual(4000.01);
  expect(narrow.netWh[1]).toBeLessThanOrEqual(7000.01);
  expect(narrow.netWh.reduce((sum, wh) => sum + wh, 0)).toBeCloseTo(24_000, -1);
  expect(narrow.missedWh).toBeLessThan(1);
});

it("touches no wish for headroom that is too small, unless it is firm", () => {
  const party = portfolio(street([car, car, car, car], { importW: 9000 }));
  const most = new Float64Array(4).fill(5000);
  const soft = party.answer(ask({ most }));
  expect(soft.missedWh).toBeLessThan(1);
  expect(Math.max(...soft.netWh)).toBeGreaterThan(5000);
  const firm = party.answer(ask({ most, beyond: "firm" }));
  expect(Math.max(...firm.netWh)).toBeLessThanOrEqual(5000.01);
  expect(firm.missedWh).toBeCloseTo(4000, -1);
});

it("keeps its plan where another one is not worth it", () => {
  const party = portfolio(street([car, car, car, car], { importW: 9000 }));
  const first = party.answer(ask());
  const again = party.answer(ask({ from: first.plan }));
  expect(again.kept).toBe(true);
  expect(again.plan).toBe(first.plan);
  expect(again.money).toBeCloseTo(first.money, 9);
});

it("is pulled towards a profile as sharing ADMM asks for it", () => {
  const party = portfolio(street([car, car, car, car], { importW: 12_000 }));
  const towards = Float64Array.of(3000, 9000, 9000, 3000);
  const off = (weight: number): number => {
    const { netWh } = party.answer(ask({ pull: { towards, pricePerWh2: weight } }));
    return netWh.reduce((sum, wh, slot) => sum + Math.abs(wh - (towards[slot] ?? 0)), 0);
  };
  expect(off(1e-7)).toBeLessThan(off(1e-12) / 2);
});

it("stands among others under a limit of the grid operator", () => {
  const some = portfolio(street([car, car, car], { importW: 9000 }));
  const other = portfolio(street([car, car], { importW: 6000 }));
  const result = answerHere(
    coordinate<PortfolioPlan<HomePlan>>(
      {
        hours: Float64Array.of(1, 1, 1, 1),
        parties: [
          { name: "some", curtailedBeforeWh: 0 },
          { name: "other", curtailedBeforeWh: 0 },
        ],
        feeders: [
          {
            name: "substation",
            importLimitWh: new Float64Array(4).fill(8500),
            exportLimitWh: new Float64Array(4).fill(Infinity),
            members: [0, 1],
          },
        ],
        scale: 1e-4,
        seed: 1,
        keepWithin: 0.01,
      },
      unhurried,
    ),
    [some, other],
  );
  expect(result.status).toBe("kept");
  for (let slot = 0; slot < 4; slot += 1)
    expect(result.answers.reduce((sum, { netWh }) => sum + (netWh[slot] ?? 0), 0)).toBeLessThanOrEqual(8500.01);
  // 30 kWh: 8.5 at 0.10, 8.5 at 0.15, 8.5 at 0.20, 4.5 at 0.30.
  expect(result.money).toBeLessThanOrEqual((8.5 * (0.1 + 0.15 + 0.2) + 4.5 * 0.3) * 1.02);
});
