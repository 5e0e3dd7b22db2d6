import { describe, expect, it } from "vitest";
import { limitMoney, monolithBound, pricedHomeBound, priceFor } from "../../../planner/community/community-bound.ts";
import { loadSolver } from "../../../planner/exact/solve-milp.ts";
import { generateHome } from "../../../bench/plan/generate-home.ts";
import { benchData } from "../../../bench/plan/real-data.ts";
import { planStreet, street, type Street } from "./street.ts";

const solver = await loadSolver();
// No such folder: made data, the same everywhere.
const data = benchData("/nowhere");
const common = { startMs: Date.parse("2026-01-19T12:00:00Z"), fees: 0.12, share: 0.85 };

const lagrange = ({ homes, community }: Street, prices: readonly Float64Array[]): number =>
  homes.reduce(
    (sum, home, index) => sum + pricedHomeBound(solver, home, priceFor(community.feeders, prices, index, home.hours.length)),
    0,
  ) - limitMoney(community.feeders, prices);

describe("proven bounds of a community", () => {
  const homes = Array.from({ length: 8 }, (_, index) => generateHome(data, index + 1, 96, common));
  const one = street(homes, { importW: 48_000, exportW: 20_000 });
  const result = planStreet(one);
  const monolith = monolithBound(solver, one.homes, one.community.feeders);

  it("the plan lies within two percent of that of one program of all homes, and not below it", () => {
    expect(result.status).toBe("kept");
    expect(result.money).toBeGreaterThanOrEqual(monolith - 1e-6);
    expect(result.money).toBeLessThanOrEqual(monolith * 1.02);
  });

  it("for any prices the sum of priced homes stays below that program, and at those found it comes close", () => {
    const { hours } = one.community;
    const found = lagrange(one, result.prices);
    for (const prices of [hours.map(() => 0), hours.map(() => 1e-4), hours.map((_, slot) => (slot % 3) * 2e-5)])
      expect(lagrange(one, [prices])).toBeLessThanOrEqual(monolith + 1e-6);
    expect(found).toBeLessThanOrEqual(monolith + 1e-6);
    expect(found).toBeGreaterThan(monolith * 0.985);
  });

  it("a limit never makes the bound smaller", () => {
    const free = monolithBound(solver, one.homes, []);
    expect(free).toBeLessThan(monolith);
    expect(free).toBeCloseTo(
      one.homes.reduce(
        (sum, home) =>
          sum +
          pricedHomeBound(
            solver,
            home,
            one.community.hours.map(() => 0),
          ),
        0,
      ),
      4,
    );
  });
});

it("six homes that are the same come within three percent of the bound together", () => {
  const one = street(
    Array.from({ length: 12 }, () => generateHome(data, 5, 96, common)),
    { importW: 66_000 },
  );
  const alone = planStreet(one, { feeders: [] });
  const result = planStreet(one);
  expect(Math.max(...alone.answers[0]!.netWh) * 6 * 4).toBeGreaterThan(50_000);
  expect(result.overloadWh).toBe(0);
  expect(result.money).toBeLessThanOrEqual(monolithBound(solver, one.homes, one.community.feeders) * 1.03);
});
