import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../bench/plan/generate-home.ts";
import { type BidCurve, checkCurve, netWhAt, usualBounds } from "../../../market/wholesale/bid-curve.ts";
import { imbalanceMicro } from "../../../market/wholesale/imbalance.ts";
import { hedgedWh, type ProductOutlook } from "../../../market/wholesale/portfolio-bids.ts";
import { quantileBids, quantileSteps } from "../../../market/wholesale/quantile-bids.ts";
import { clearProduct } from "../../../market/wholesale/uniform-auction.ts";

const startMs = Date.parse("2026-03-02T00:00:00Z");
const bounds = { ...usualBounds, lotWh: 1000 };
const product: ProductOutlook = {
  startMs,
  fixedWh: 10_000,
  errorsWh: [-4000, -2000, 0, 2000, 4000],
  price: 0n,
  short: 130_000n,
  long: 30_000n,
};
const shown = (positionWh: number, change: Partial<ProductOutlook> = {}) =>
  quantileSteps({ ...product, ...change }, positionWh, bounds).map(({ side, wh, limit }) => [side, wh, Number(limit)]);

describe("a curve by quantiles", () => {
  it("buys what every error needs at any price, and of the rest less the dearer it is", () => {
    expect(shown(0)).toEqual([
      ["buy", 6000, 4_000_000],
      ["buy", 2000, 110_000],
      ["buy", 2000, 90_000],
      ["buy", 2000, 70_000],
      ["buy", 2000, 50_000],
    ]);
  });

  it("corrects a position: buys what is missing, gives back what is dearly paid, and sells what nothing needs", () => {
    expect(shown(10_000)).toEqual([
      ["buy", 2000, 70_000],
      ["buy", 2000, 50_000],
      ["sell", 2000, 90_000],
      ["sell", 2000, 110_000],
    ]);
    expect(shown(20_000, { errorsWh: [] })).toEqual([["sell", 10_000, -500_000]]);
    expect(shown(-3000, { fixedWh: -10_000, errorsWh: [] })).toEqual([["sell", 7000, -500_000]]);
    expect(shown(10_000, { errorsWh: [] })).toEqual([]);
  });

  it("is one that an exchange takes, falls with the price, and leaves nobody further from need than the errors are", () => {
    const outlook = fc.record({
      fixedWh: fc.integer({ min: -50_000, max: 50_000 }),
      errorsWh: fc.array(fc.integer({ min: -20_000, max: 20_000 }), { maxLength: 12 }),
      short: fc.bigInt({ min: -100_000n, max: 400_000n }),
      spread: fc.bigInt({ min: 0n, max: 300_000n }),
      positionWh: fc.integer({ min: -60_000, max: 60_000 }),
    });
    fc.assert(
      fc.property(outlook, ({ spread, positionWh, ...some }) => {
        const one = { ...product, ...some, long: some.short - spread };
        const curve: BidCurve = { participant: "p", startMs, steps: quantileSteps(one, positionWh, bounds) };
        checkCurve(curve, bounds);
        const errors = one.errorsWh.length === 0 ? [0] : one.errorsWh;
        let before = Infinity;
        for (let price = bounds.lowest; price <= bounds.highest; price += 50_000n) {
          const heldWh = positionWh + netWhAt(curve, price);
          expect(heldWh).toBeLessThanOrEqual(before);
          before = heldWh;
          expect(heldWh).toBeGreaterThanOrEqual(Math.min(one.fixedWh + Math.min(...errors), positionWh) - bounds.lotWh);
          expect(heldWh).toBeLessThanOrEqual(Math.max(one.fixedWh + Math.max(...errors), positionWh) + bounds.lotWh);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("buys at a price what the hedge for that price buys, to a lot", () => {
    for (const price of [40_000n, 60_000n, 80_000n, 100_000n, 120_000n]) {
      const curve = { participant: "p", startMs, steps: quantileSteps(product, 0, bounds) };
      expect(netWhAt(curve, price)).toBe(hedgedWh({ ...product, price }));
    }
  });
});

/** Sixty days of products: what a portfolio needs, what it expects of it at each gate, and prices that nobody knows before. */
function sixtyDays(seed: number) {
  const random = seededRandom(seed);
  const normal = (): number => (random() + random() + random() + random() - 2) * Math.sqrt(3);
  const known = (sizeWh: number): number[] => Array.from({ length: 100 }, () => Math.round(normal() * sizeWh));
  const [dayAheadErrors, intradayErrors] = [known(20_000), known(6000)];
  let [slow, dear] = [0, 0];
  const products = Array.from({ length: 60 * 96 }, (_, at) => {
    slow = 0.95 * slow + Math.sqrt(1 - 0.95 ** 2) * normal();
    dear = 0.5 * dear + Math.sqrt(1 - 0.5 ** 2) * normal();
    const quick = normal() * 6000;
    const meteredWh = Math.round(100_000 + 30_000 * Math.sin((at % 96) / 15) + slow * 19_000 + quick);
    const dayAhead = BigInt(Math.round(80_000 + 20_000 * Math.sin((at % 96) / 10)));
    const intraday = dayAhead + BigInt(Math.round(dear * 8000));
    return {
      startMs: startMs + at * 900_000,
      meteredWh,
      // Day ahead nothing is known of what comes slowly; an hour before most of it is.
      dayAheadWh: Math.round(100_000 + 30_000 * Math.sin((at % 96) / 15)),
      intradayWh: Math.round(meteredWh - quick),
      dayAhead,
      intraday,
      // Being short is dearer than the market, being long brings less, and more so in the direction that the grid does not need.
      short: intraday + 40_000n,
      long: intraday - 15_000n,
    };
  });
  return { products, dayAheadErrors, intradayErrors };
}

/** What sixty days cost beyond buying exactly what is needed at the day-ahead price, by a way of bidding; currency. */
function lostBy(way: { hedged: boolean; intraday: boolean }, seed: number): number {
  const { products, dayAheadErrors, intradayErrors } = sixtyDays(seed);
  let lostMicro = 0n;
  for (const one of products) {
    // A price taker: others buy and sell as much as anybody wants at the price.
    const trade = (price: bigint, fixedWh: number, errorsWh: readonly number[], heldWh: number): [number, bigint] => {
      const outlook = { startMs: one.startMs, fixedWh, price, short: price + 40_000n, long: price - 15_000n };
      const steps = quantileSteps({ ...outlook, errorsWh: way.hedged ? errorsWh : [] }, heldWh, bounds);
      const wh = netWhAt({ participant: "us", startMs: one.startMs, steps }, price);
      return [wh, (price * BigInt(wh)) / 1000n];
    };
    let [positionWh, owes] = trade(one.dayAhead, one.dayAheadWh, dayAheadErrors, 0);
    if (way.intraday) {
      const [moreWh, more] = trade(one.intraday, one.intradayWh, intradayErrors, positionWh);
      positionWh += moreWh;
      owes += more;
    }
    owes += imbalanceMicro({ positionWh, meteredWh: one.meteredWh }, one);
    lostMicro += owes - (one.dayAhead * BigInt(one.meteredWh)) / 1000n;
  }
  return Number(lostMicro) / 1e6;
}

it(
  "hedged and corrected bids lose less to forecast error than either alone, and than bidding the mean",
  { timeout: 120_000 },
  () => {
    const over = (hedged: boolean, intraday: boolean): number =>
      [3, 4, 5].reduce((sum, seed) => sum + lostBy({ hedged, intraday }, seed), 0);
    const [mean, hedged, corrected, both] = [over(false, false), over(true, false), over(false, true), over(true, true)];
    const seen = JSON.stringify({ mean, hedged, corrected, both });
    expect(hedged, seen).toBeLessThan(mean);
    expect(corrected, seen).toBeLessThan(mean / 2);
    expect(both, seen).toBeLessThan(hedged / 2);
    expect(both, seen).toBeLessThan(corrected);
  },
);

it("what it bids clears at the exchange, and what that leaves open is imbalance", () => {
  const bids = quantileBids("us", [product], new Map(), bounds);
  const seller: BidCurve = { participant: "wind", startMs, steps: [{ side: "sell", wh: 10_000, limit: 60_000n }] };
  const { price, positions } = clearProduct(startMs, [...bids, seller], bounds);
  // All of the seller's is bought, by the steps that are worth more to us.
  expect(positions.find(({ participant }) => participant === "us")?.wh).toBe(10_000);
  expect(price).toBeGreaterThanOrEqual(60_000n);
  expect(price).toBeLessThanOrEqual(90_000n);
});
