import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bookOptimum } from "../../../bench/market/book-optimum.ts";
import { type BidCurve, checkCurve, type CurveStep, netWhAt, usualBounds } from "../../../market/wholesale/bid-curve.ts";
import { clearProduct } from "../../../market/wholesale/uniform-auction.ts";
import { pathFees } from "../../../market/exchange/path-fees.ts";
import { loadSolver } from "../../../planner/exact/solve-milp.ts";

const startMs = Date.parse("2026-03-02T10:00:00Z");
const lot = usualBounds.lotWh;
const curveOf = (participant: string, ...steps: [side: "buy" | "sell", lots: number, eurPerMwh: number][]): BidCurve => ({
  participant,
  startMs,
  steps: steps.map(([side, lots, price]): CurveStep => ({ side, wh: lots * lot, limit: BigInt(price * 1000) })),
});
const solver = await loadSolver();

describe("the auction of one product", () => {
  it("has one price between the last served and the first left out of both sides", () => {
    const clearing = clearProduct(
      startMs,
      [curveOf("city", ["buy", 4, 80], ["buy", 4, 30]), curveOf("wind", ["sell", 5, 10]), curveOf("gas", ["sell", 5, 60])],
      usualBounds,
    );
    // Wind sells 4 to the city at 80 and its fifth lot at 30: bid 30 is the margin.
    expect(clearing).toMatchObject({ price: 30_000n, volumeWh: 5 * lot });
    expect(clearing.positions).toEqual([
      { participant: "city", wh: 5 * lot, owesMicro: 3_750_000n },
      { participant: "wind", wh: -5 * lot, owesMicro: -3_750_000n },
    ]);
    expect(clearing.curtailed).toEqual([{ participant: "city", side: "buy", wh: 3 * lot, limit: 30_000n }]);
  });

  it("takes the middle where the curves do not meet in a step, rounded down below nothing too", () => {
    const meet = (buy: number, sell: number) =>
      clearProduct(startMs, [curveOf("a", ["buy", 1, buy]), curveOf("b", ["sell", 1, sell])], usualBounds).price;
    expect(meet(80, 20)).toBe(50_000n);
    expect(meet(-1, -2)).toBe(-1500n);
    expect(
      clearProduct(
        startMs,
        [
          { participant: "a", startMs, steps: [{ side: "buy", wh: 1, limit: -2n }] },
          { participant: "b", startMs, steps: [{ side: "sell", wh: 1, limit: -5n }] },
        ],
        { ...usualBounds, lotWh: 1, tick: 1n },
      ).price,
    ).toBe(-4n);
  });

  it("curtails in proportion where all of one side takes any price", () => {
    const any = 4000;
    const { price, positions, curtailed } = clearProduct(
      startMs,
      [curveOf("a", ["buy", 6, any]), curveOf("b", ["buy", 2, any]), curveOf("s", ["sell", 4, 10])],
      usualBounds,
    );
    expect(price).toBe(4_000_000n);
    expect(positions.map(({ participant, wh }) => [participant, wh / lot])).toEqual([
      ["a", 3],
      ["b", 1],
      ["s", -4],
    ]);
    expect(curtailed.map(({ participant, wh }) => [participant, wh / lot])).toEqual([
      ["a", 3],
      ["b", 1],
    ]);
  });

  it("has no price where nothing is traded", () => {
    expect(clearProduct(startMs, [curveOf("a", ["buy", 1, 10]), curveOf("b", ["sell", 1, 11])], usualBounds)).toMatchObject({
      price: null,
      volumeWh: 0,
      positions: [],
    });
  });

  it.each([
    [curveOf("a", ["buy", 1, 4001]), /limit 4001000 is not from -500000 to 4000000/],
    [curveOf("a", ["buy", 0.5, 10]), /no multiple of 25000 Wh/],
    [{ ...curveOf("a"), startMs: startMs + 60_000 }, /a product begins on a full quarter/],
    [curveOf("a", ["buy", 1, 20], ["sell", 1, 20]), /it buys where it sells from 20000/],
    [{ ...curveOf("a", ["buy", 1, 20]), startMs: startMs + 900_000 }, /is for 2026-03-02T10:15:00.000Z, not 2026-03-02T10:00/],
    [{ participant: "a", startMs, steps: [{ side: "buy" as const, wh: lot, limit: 5n }] }, /no multiple of 10 micro-units/],
  ])("refuses a curve that an exchange would not take: %#", (curve, message) => {
    expect(() => clearProduct(startMs, [curve], usualBounds)).toThrow(message);
  });

  it("conserves energy and money, serves nobody at a loss, leaves nobody out who would have gained, and reaches the optimum", () => {
    const step = fc.record({
      side: fc.constantFrom("buy" as const, "sell" as const),
      wh: fc.integer({ min: 1, max: 300 }),
      limit: fc.oneof(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -5000, max: 40_000 })).map(BigInt),
    });
    const bounds = { lowest: -5000n, highest: 40_000n, lotWh: 1, tick: 1n };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
        const curves = steps.map((one, at): BidCurve => ({
          participant: `p${String(at).padStart(2, "0")}`,
          startMs,
          steps: [one],
        }));
        const { price, volumeWh, positions, curtailed, welfareNano } = clearProduct(startMs, curves, bounds);
        expect(positions.reduce((sum, { wh }) => sum + wh, 0)).toBe(0);
        expect(positions.reduce((sum, { owesMicro }) => sum + owesMicro, 0n)).toBe(0n);
        expect(positions.reduce((sum, { wh }) => sum + Math.max(0, wh), 0)).toBe(volumeWh);
        for (const { participant, steps: own } of curves) {
          const [wish] = own;
          const wh = positions.find((position) => position.participant === participant)?.wh ?? 0;
          if (!wish || price === null) continue;
          const servedWh = wish.side === "buy" ? wh : -wh;
          const gain = wish.side === "buy" ? wish.limit - price : price - wish.limit;
          expect(servedWh).toBeGreaterThanOrEqual(0);
          expect(servedWh).toBeLessThanOrEqual(wish.wh);
          if (servedWh > 0) expect(gain).toBeGreaterThanOrEqual(0n);
          if (servedWh < wish.wh) expect(gain).toBeLessThanOrEqual(0n);
          const cut = curtailed.find((one) => one.participant === participant)?.wh ?? 0;
          expect(cut).toBe(gain === 0n ? wish.wh - servedWh : 0);
        }
        const orders = steps.map(({ side, wh, limit }, at) => ({
          hash: `${at}`,
          participant: `${at}`,
          side,
          wh,
          limit,
          zone: "z",
        }));
        expect(Number(welfareNano)).toBeCloseTo(bookOptimum(solver, orders, pathFees(0n)), 3);
      }),
      { numRuns: 300 },
    );
  });
});

it("a curve says what it takes at a price", () => {
  const curve = curveOf("a", ["buy", 2, 20], ["buy", 1, 50], ["sell", 4, 70]);
  checkCurve(curve, usualBounds);
  expect([10, 20, 21, 50, 60, 70].map((price) => netWhAt(curve, BigInt(price * 1000)) / lot)).toEqual([3, 3, 1, 1, 0, -4]);
});
