import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchContinuously } from "../../../market/exchange/continuous.ts";
import { pathFees } from "../../../market/exchange/path-fees.ts";
import { books, orderOf, threeZones, unequalFees } from "./books.ts";

describe("continuous trading", () => {
  it("takes the best price, then the one that came first, at the price of the one that rests", () => {
    const { trades, unmatched } = matchContinuously(
      [
        orderOf("s1", "sell", 5, 12_000),
        orderOf("s2", "sell", 5, 10_000),
        orderOf("s3", "sell", 5, 10_000),
        orderOf("b1", "buy", 7, 11_000),
        orderOf("b2", "buy", 9, 15_000),
      ],
      pathFees(0n),
    );
    expect(trades.map(({ sell, buy, wh, price }) => [sell.hash, buy.hash, wh, price])).toEqual([
      ["s2", "b1", 5, 10_000n],
      ["s3", "b1", 2, 10_000n],
      ["s3", "b2", 3, 10_000n],
      ["s1", "b2", 5, 12_000n],
    ]);
    expect(unmatched.map(({ order, wh }) => [order.hash, wh])).toEqual([["b2", 1]]);
  });

  it("counts the fee of the way: a near seller may be better than a cheap one", () => {
    const fees = pathFees(0n, [{ from: "a", to: "b", fee: 5n }]);
    const orders = [
      orderOf("cheap", "sell", 1, 10, { zone: "a" }),
      orderOf("near", "sell", 1, 12, { zone: "b" }),
      orderOf("b", "buy", 1, 20, { zone: "b" }),
    ];
    expect(matchContinuously(orders, fees).trades.map(({ sell }) => sell.hash)).toEqual(["near"]);
    // A seller that comes to resting buyers gets what is left of their bid.
    const later = matchContinuously(
      [orderOf("b", "buy", 1, 20, { zone: "b" }), orderOf("s", "sell", 1, 10, { zone: "a" })],
      fees,
    );
    expect(later.trades).toMatchObject([{ price: 15n, fee: 5n }]);
  });

  it("conserves energy and money, is rational for everybody, leaves nothing that could trade, and nobody trades with itself", () => {
    fc.assert(
      fc.property(books(4, threeZones), unequalFees, (orders, fees) => {
        const { trades, unmatched } = matchContinuously(orders, fees);
        for (const order of orders) {
          const traded = trades.reduce((sum, { buy, sell, wh }) => (buy === order || sell === order ? sum + wh : sum), 0);
          expect(traded + (unmatched.find((one) => one.order === order)?.wh ?? 0)).toBe(order.wh);
        }
        for (const { buy, sell, price, fee, paid, received } of trades) {
          expect(sell.participant).not.toBe(buy.participant);
          expect(price).toBeGreaterThanOrEqual(sell.limit);
          expect(price + fee).toBeLessThanOrEqual(buy.limit);
          expect(paid).toBeGreaterThanOrEqual(received);
        }
        const left = unmatched.map(({ order }) => order);
        for (const sell of left.filter(({ side }) => side === "sell"))
          for (const buy of left.filter(({ side }) => side === "buy")) {
            const fee = fees.between(sell.zone, buy.zone);
            if (sell.participant !== buy.participant && fee !== null) expect(buy.limit).toBeLessThan(sell.limit + fee);
          }
      }),
      { numRuns: 500 },
    );
  });
});
