import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { netWhAt, usualBounds } from "../../../market/wholesale/bid-curve.ts";
import { imbalanceMicro, productCost } from "../../../market/wholesale/imbalance.ts";
import { hedgedWh, netted, portfolioBids, type ProductOutlook } from "../../../market/wholesale/portfolio-bids.ts";
import { seededRandom } from "../../../bench/plan/generate-home.ts";

const startMs = Date.parse("2026-03-02T00:00:00Z");
const lot = usualBounds.lotWh;
const outlookOf = (fixedLots: readonly number[], prices: readonly number[]): ProductOutlook[] =>
  fixedLots.map((lots, at) => {
    const price = BigInt((prices[at] ?? 0) * 1000);
    return { startMs: startMs + at * 900_000, fixedWh: lots * lot, errorsWh: [], price, short: price, long: price };
  });

describe("an aggregator's bids", () => {
  it("buy what must be at any price and sell what it has, in whole lots; the rest of one product goes into the next", () => {
    const bids = portfolioBids("agg", outlookOf([2.4, 2.4, -3, 0.2], [50, 50, 50, 50]), [], usualBounds);
    expect(bids.map(({ steps }) => steps.map(({ side, wh, limit }) => [side, wh / lot, limit]))).toEqual([
      [["buy", 2, 4_000_000n]],
      [["buy", 3, 4_000_000n]],
      [["sell", 3, -500_000n]],
      [],
    ]);
  });

  it("buy what can be shifted in the cheapest products, up to the price of the next one", () => {
    const outlook = outlookOf([0, 0, 0, 0], [60, 20, 40, 30]);
    const startsMs = outlook.map((one) => one.startMs);
    const bids = portfolioBids("agg", outlook, [{ startsMs, wh: 5 * lot, mostWh: 3 * lot }], usualBounds);
    expect(bids.map(({ steps }) => steps.map(({ wh, limit }) => [wh / lot, limit]))).toEqual([
      [],
      [[3, 40_000n]],
      [],
      [[2, 40_000n]],
    ]);
    const pressed = portfolioBids(
      "agg",
      outlook,
      [{ startsMs: startsMs.slice(0, 2), wh: 6 * lot, mostWh: 3 * lot }],
      usualBounds,
    );
    expect(pressed.map(({ steps }) => steps.map(({ limit }) => limit))).toEqual([[4_000_000n], [4_000_000n], [], []]);
  });

  it("buy more than expected where being short is dear, and less where being long is", () => {
    const errorsWh = [-4000, -2000, 0, 2000, 4000];
    const one = { startMs, fixedWh: 10_000, errorsWh, price: 50_000n };
    expect(hedgedWh({ ...one, short: 130_000n, long: 30_000n })).toBe(12_000);
    expect(hedgedWh({ ...one, short: 60_000n, long: 10_000n })).toBe(6000);
    expect(hedgedWh({ ...one, short: 50_000n, long: 50_000n })).toBe(10_000);
    expect(hedgedWh({ ...one, errorsWh: [], short: 130_000n, long: 30_000n })).toBe(10_000);
  });

  it("cost less than buying the forecast, over many products whose errors are like those known", () => {
    const random = seededRandom(7);
    const error = (): number => Math.round((random() + random() + random() - 1.5) * 20_000);
    const errorsWh = Array.from({ length: 200 }, error);
    const prices = { short: 150_000n, long: 30_000n };
    const bought = { hedged: 0n, forecast: 0n };
    for (let product = 0; product < 1000; product += 1) {
      const meteredWh = 100_000 + error();
      const ahead = { hedged: hedgedWh({ startMs, fixedWh: 100_000, errorsWh, price: 50_000n, ...prices }), forecast: 100_000 };
      for (const way of ["hedged", "forecast"] as const) {
        const positionWh = ahead[way];
        const cost = productCost({ owesMicro: BigInt(positionWh) * 50n }, { positionWh, meteredWh }, prices);
        bought[way] += cost.aheadMicro + cost.imbalanceMicro;
      }
    }
    expect(bought.hedged).toBeLessThan(bought.forecast);
  });

  it("never buy where they sell, and say the same at every price", () => {
    const step = fc.record({
      side: fc.constantFrom("buy" as const, "sell" as const),
      wh: fc.integer({ min: 1, max: 9 }),
      limit: fc.integer({ min: -5, max: 5 }).map(BigInt),
    });
    const bounds = { lowest: -5n, highest: 5n, lotWh: 1, tick: 1n };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const found = netted(steps, bounds);
        const highestBuy = found.filter(({ side }) => side === "buy").map(({ limit }) => limit);
        for (const { side, limit } of found) if (side === "sell") expect(highestBuy.every((buy) => buy < limit)).toBe(true);
        for (let price = -5n; price <= 5n; price += 1n)
          expect(netWhAt({ participant: "p", startMs, steps: found }, price)).toBe(
            netWhAt({ participant: "p", startMs, steps }, price),
          );
      }),
      { numRuns: 500 },
    );
  });
});

it("imbalance is settled at the price of its direction", () => {
  const prices = { short: 120_000n, long: -20_000n };
  expect(imbalanceMicro({ positionWh: 5000, meteredWh: 7000 }, prices)).toBe(240_000n);
  // Energy too much at a negative price costs.
  expect(imbalanceMicro({ positionWh: 5000, meteredWh: 4000 }, prices)).toBe(20_000n);
  expect(imbalanceMicro({ positionWh: -5000, meteredWh: -5000 }, prices)).toBe(0n);
});
