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

  it("trades at negative prices, where the seller pays, and takes an order without volume for none", () => {
    const { trades, unmatched } = matchContinuously(
      [
        orderOf("s", "sell", 1000, -50_000),
        orderOf("none", "sell", 0, -90_000),
        orderOf("b", "buy", 1500, -20_000),
        orderOf("too dear", "sell", 10, -10_000),
      ],
      pathFees(10_000n),
    );
    expect(trades).toMatchObject([{ wh: 1000, price: -50_000n, received: -50_000n, paid: -40_000n }]);
    expect(unmatched.map(({ order, wh }) => [order.hash, wh])).toEqual([
      ["b", 500],
      ["too dear", 10],
    ]);
  });

  it("comes to the same with each order's volume, money and counterparties however often it is played", () => {
    fc.assert(
      fc.property(books(3, threeZones), unequalFees, (orders, fees) => {
        const one = matchContinuously(orders, fees);
        expect(matchContinuously(orders, fees)).toEqual(one);
        // The grid keeps the fee of each trade, to the unit that rounding leaves, and nobody else keeps anything.
        for (const { wh, fee, paid, received } of one.trades) {
          const kept = (paid - received) * 1000n;
          const exact = fee * BigInt(wh);
          expect(kept - exact < 1000n && exact - kept < 1000n).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("does not depend on who comes first among those that rest on one side at different prices", () => {
    const prices = fc.uniqueArray(fc.integer({ min: -50_000, max: 200_000 }), { minLength: 2, maxLength: 8 });
    const asks = prices.chain((limits) =>
      fc.tuple(
        fc.constant(limits.map((limit, at) => orderOf(`s${at}`, "sell", 3 + at, limit))),
        fc.shuffledSubarray(
          limits.map((_, at) => at),
          { minLength: limits.length, maxLength: limits.length },
        ),
      ),
    );
    fc.assert(
      fc.property(asks, fc.integer({ min: 1, max: 40 }), ([sells, order], wh) => {
        const buyer = orderOf("b", "buy", wh, 300_000);
        const deals = (list: typeof sells) =>
          matchContinuously([...list, buyer], pathFees(0n)).trades.map(({ sell, wh: dealt, price }) => [sell.hash, dealt, price]);
        expect(deals(order.flatMap((at) => sells[at] ?? []))).toEqual(deals(sells));
      }),
    );
  });
});
