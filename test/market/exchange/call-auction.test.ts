import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bookOptimum } from "../../../bench/market/book-optimum.ts";
import { moneyMicro } from "../../../core/units.ts";
import type { AuctionOrder } from "../../../market/exchange/auction-order.ts";
import { clearAuction, type Clearing } from "../../../market/exchange/call-auction.ts";
import { pathFees, type PathFees } from "../../../market/exchange/path-fees.ts";
import { loadSolver } from "../../../planner/exact/solve-milp.ts";
import { books, orderOf, threeZones, unequalFees } from "./books.ts";

const free = pathFees(0n);
const solver = await loadSolver();
/** Trades as texts, with unmatched volumes: what must not change with the order of the list. */
const written = ({ trades, unmatched, zones }: Clearing): string[] => [
  ...trades.map(({ sell, buy, wh, price, fee }) => `${sell.hash} to ${buy.hash} ${wh} Wh at ${price} + ${fee}`),
  ...unmatched.map(({ order, wh, ownWh }) => `${order.hash} ${wh} left, own ${ownWh}`).toSorted(),
  ...zones.map(({ zone, sell, buy }) => `${zone} ${sell} ${buy}`),
];
const tradedBy = ({ trades }: Clearing, order: AuctionOrder): number =>
  trades.reduce((sum, { buy, sell, wh }) => (buy === order || sell === order ? sum + wh : sum), 0);

describe("one batch", () => {
  const file = join(import.meta.dirname, "../../../../shared/cases/p2p-call-auction-midpoint.json");
  it.runIf(existsSync(file))("clears the shared case: crossing of the curves at the midpoint of the last pair", () => {
    interface Priced {
      id: string;
      price: number;
      qty: number;
    }
    interface Case {
      inputs: { bids: Priced[]; offers: Priced[] };
      expected: { traded_qty: number; uniform_price: number; surplus: number; discriminatory_pairs: [string, string, number][] };
    }
    const { inputs, expected } = JSON.parse(readFileSync(file, "utf8")) as Case;
    const toOrder =
      (side: "buy" | "sell") =>
      ({ id, price, qty }: Priced): AuctionOrder =>
        orderOf(id, side, qty, price * 10_000);
    const clearing = clearAuction([...inputs.bids.map(toOrder("buy")), ...inputs.offers.map(toOrder("sell"))], free);
    expect(clearing.volumeWh).toBe(expected.traded_qty);
    expect(clearing.zones).toEqual([{ zone: "z", sell: 195_000n, buy: 195_000n }]);
    expect(expected.uniform_price).toBe(19.5);
    expect(clearing.welfareNano).toBe(BigInt(expected.surplus * 10_000));
    expect(clearing.trades.map(({ sell, buy, wh }) => [sell.hash, buy.hash, wh])).toEqual(
      expected.discriminatory_pairs.map(([offer, bid, qty]) => [offer, bid, qty]),
    );
    // The case names 3 left of o2, but its own pairs take 4 of its 6.
    expect(clearing.unmatched.map(({ order, wh }) => [order.hash, wh])).toEqual([
      ["b3", 5],
      ["o2", 2],
      ["o3", 4],
    ]);
  });

  it("shares in proportion at the margin; what rounding leaves goes by the hash", () => {
    const sellers = [orderOf("s1", "sell", 10, 5), orderOf("s3", "sell", 10, 5), orderOf("s2", "sell", 20, 5)];
    const clearing = clearAuction([orderOf("b", "buy", 23, 9), ...sellers, orderOf("s0", "sell", 1, 4)], free);
    // 22 Wh are left for three orders of 40 Wh: 5.5, 5.5 and 11.
    expect(sellers.map((order) => tradedBy(clearing, order))).toEqual([6, 5, 11]);
    expect(clearing.zones[0]?.sell).toBe(7n);
  });

  it("trades at negative prices: the seller pays", () => {
    const clearing = clearAuction([orderOf("b", "buy", 1500, -30_000), orderOf("s", "sell", 1500, -50_000)], free);
    expect(clearing.trades).toMatchObject([{ wh: 1500, price: -40_000n, paid: -60_000n, received: -60_000n }]);
  });

  it("trades nothing where there is no volume, no other side, or no limit that fits", () => {
    expect(clearAuction([], free).trades).toEqual([]);
    const zero = clearAuction([orderOf("b", "buy", 0, 9), orderOf("s", "sell", 0, 1)], free);
    expect([zero.trades, zero.unmatched]).toEqual([[], []]);
    const apart = clearAuction([orderOf("b", "buy", 5, 1), orderOf("s", "sell", 7, 2)], free);
    expect(apart).toMatchObject({ trades: [], volumeWh: 0, welfareNano: 0n, zones: [{ zone: "z", sell: null, buy: null }] });
    expect(apart.unmatched.map(({ wh }) => wh)).toEqual([5, 7]);
  });

  it("trades also where bid and ask are the same: volume counts where welfare does not", () => {
    expect(clearAuction([orderOf("b", "buy", 5, 3), orderOf("s", "sell", 5, 3)], free).volumeWh).toBe(5);
  });

  it("takes the fee of the way into the match: the buyer pays it on top", () => {
    const fees = pathFees(4n);
    expect(clearAuction([orderOf("b", "buy", 1000, 13), orderOf("s", "sell", 1000, 10)], fees).trades).toEqual([]);
    const { trades, welfareNano } = clearAuction([orderOf("b", "buy", 1000, 20), orderOf("s", "sell", 1000, 10)], fees);
    expect(trades).toMatchObject([{ price: 13n, fee: 4n, paid: 17n, received: 13n }]);
    expect(welfareNano).toBe(6000n);
  });

  it.each([
    [[orderOf("s", "sell", 1.5, 1)], /1\.5 Wh, expected whole Wh/],
    [[orderOf("s", "sell", -1, 1)], /-1 Wh/],
    [[orderOf("s", "sell", 1, 10n ** 13n)], /limit 10000000000000/],
    [[orderOf("s", "sell", 1, 1), orderOf("s", "buy", 1, 1)], /order s is there twice/],
  ])("refuses what it cannot reckon with: %#", (orders, message) => {
    expect(() => clearAuction(orders, free)).toThrow(message);
  });
});

describe("a participant on both sides", () => {
  it("trades with others, not with itself, and without loss where others are enough", () => {
    const orders = [
      orderOf("b1", "buy", 10, 15, { participant: "A" }),
      orderOf("s1", "sell", 10, 10, { participant: "A" }),
      orderOf("b2", "buy", 10, 30),
      orderOf("s2", "sell", 10, 5),
    ];
    const { trades, welfareNano } = clearAuction(orders, free);
    expect(trades.map(({ sell, buy, wh }) => [sell.hash, buy.hash, wh])).toEqual([
      ["s1", "b2", 10],
      ["s2", "b1", 10],
    ]);
    expect(welfareNano).toBe(300n);
  });

  it("keeps the volume that only its own other side would have taken", () => {
    const orders = [
      orderOf("b1", "buy", 10, 30, { participant: "A" }),
      orderOf("s1", "sell", 8, 10, { participant: "A" }),
      orderOf("s2", "sell", 5, 12),
    ];
    const { trades, unmatched } = clearAuction(orders, free);
    expect(trades.map(({ sell, buy, wh }) => [sell.hash, buy.hash, wh])).toEqual([["s2", "b1", 2]]);
    expect(unmatched.map(({ order, wh, ownWh }) => [order.hash, wh, ownWh])).toEqual([
      ["b1", 8, 8],
      ["s1", 8, 8],
      ["s2", 3, 0],
    ]);
  });
});

describe("unequal fees", () => {
  it("finds the deliveries with the greatest welfare where each zone for itself would not", () => {
    // Near sells to near for 0, to far for 5. The far buyer is worth the way; the near one has the other seller.
    const fees = pathFees(0n, [
      { from: "near", to: "far", fee: 5n },
      { from: "other", to: "near", fee: 2n },
      { from: "other", to: "far", fee: 40n },
    ]);
    const orders = [
      orderOf("s1", "sell", 10, 10, { zone: "near" }),
      orderOf("s2", "sell", 10, 14, { zone: "other" }),
      orderOf("b1", "buy", 10, 20, { zone: "near" }),
      orderOf("b2", "buy", 10, 30, { zone: "far" }),
    ];
    const { trades, zones, welfareNano } = clearAuction(orders, fees);
    expect(trades.map(({ sell, buy, wh, fee }) => [sell.hash, buy.hash, wh, fee])).toEqual([
      ["s1", "b2", 10, 5n],
      ["s2", "b1", 10, 2n],
    ]);
    expect(welfareNano).toBe(BigInt((30 - 10 - 5 + (20 - 14 - 2)) * 10));
    const price = (zone: string) => zones.find((one) => one.zone === zone);
    expect(price("far")?.buy).toBe((price("near")?.sell ?? 0n) + 5n);
    expect(price("near")?.buy).toBe((price("other")?.sell ?? 0n) + 2n);
  });

  it("leaves zones apart that no way joins", () => {
    const fees = pathFees(0n, [{ from: "a", to: "b", fee: null }]);
    const orders = [orderOf("s", "sell", 5, 1, { zone: "a" }), orderOf("b", "buy", 5, 9, { zone: "b" })];
    expect(clearAuction(orders, fees).trades).toEqual([]);
  });
});

const anyFees = fc.oneof(
  fc.constant(free),
  fc.integer({ min: 0, max: 30_000 }).map((fee) => pathFees(BigInt(fee))),
  unequalFees,
);

describe("every batch", () => {
  it("conserves energy and money to the last unit, is rational for everybody, and lets nobody trade with itself", () => {
    fc.assert(
      fc.property(books(4, threeZones), anyFees, (orders, fees) => {
        const clearing = clearAuction(orders, fees);
        const leftWh = new Map(clearing.unmatched.map(({ order, wh }) => [order, wh]));
        for (const order of orders) expect(tradedBy(clearing, order) + (leftWh.get(order) ?? 0)).toBe(order.wh);
        for (const { ownWh, wh } of clearing.unmatched) expect(ownWh).toBeLessThanOrEqual(wh);
        for (const { buy, sell, wh, price, fee, paid, received } of clearing.trades) {
          expect(wh).toBeGreaterThan(0);
          expect(sell.participant).not.toBe(buy.participant);
          expect(fee).toBe(fees.between(sell.zone, buy.zone));
          expect(price).toBeGreaterThanOrEqual(sell.limit);
          expect(price + fee).toBeLessThanOrEqual(buy.limit);
          expect(received).toBeGreaterThanOrEqual(moneyMicro([{ wh, microPerKwh: sell.limit }]));
          expect(paid).toBeLessThanOrEqual(moneyMicro([{ wh, microPerKwh: buy.limit }]));
          expect(paid - received).toBeGreaterThanOrEqual(0n);
          // What goes to the grid is the fee, but for what rounding moves.
          expect(Math.abs(Number((paid - received) * 1000n - fee * BigInt(wh)))).toBeLessThanOrEqual(1000);
          if (fee === 0n) expect(paid).toBe(received);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("does not depend on the order of the list", () => {
    fc.assert(
      fc.property(books(5, threeZones), anyFees, fc.infiniteStream(fc.nat()), (orders, fees, random) => {
        const shuffled = orders
          .map((order) => ({ order, at: random.next().value as number }))
          .toSorted((one, other) => one.at - other.at)
          .map(({ order }) => order);
        expect(written(clearAuction(shuffled, fees))).toEqual(written(clearAuction(orders, fees)));
      }),
      { numRuns: 500 },
    );
  });

  it("serves whoever offers more first, and those who offer the same by their share, a Wh apart at most", () => {
    fc.assert(
      fc.property(books(0, threeZones), anyFees, (orders, fees) => {
        const clearing = clearAuction(orders, fees);
        const better = (one: AuctionOrder, other: AuctionOrder): boolean =>
          one.side === "buy" ? one.limit > other.limit : one.limit < other.limit;
        for (const one of orders)
          for (const other of orders) {
            if (one === other || one.side !== other.side || one.zone !== other.zone) continue;
            const [wh, otherWh] = [tradedBy(clearing, one), tradedBy(clearing, other)];
            if (better(one, other) && otherWh > 0) expect(wh).toBe(one.wh);
            if (one.limit !== other.limit || one.wh === 0 || other.wh === 0) continue;
            const same = orders.filter(({ side, zone, limit }) => side === one.side && zone === one.zone && limit === one.limit);
            const [all, wanted] = same.reduce(([sum, most], each) => [sum + tradedBy(clearing, each), most + each.wh], [0, 0]);
            expect(Math.abs(wh - (one.wh * all) / wanted)).toBeLessThanOrEqual(1);
          }
      }),
      { numRuns: 500 },
    );
  });

  it("is nothing where nothing is offered, and no book of one side or without volume moves money", () => {
    fc.assert(
      fc.property(books(4, threeZones), anyFees, fc.constantFrom("buy" as const, "sell" as const), (orders, fees, side) => {
        const empty = orders.map((order) => (order.side === side ? { ...order, wh: 0 } : order));
        const { trades, volumeWh, welfareNano, zones, unmatched } = clearAuction(empty, fees);
        expect([trades, volumeWh, welfareNano]).toEqual([[], 0, 0n]);
        expect(zones.every(({ sell, buy }) => sell === null && buy === null)).toBe(true);
        expect(unmatched.every(({ order }) => order.side !== side)).toBe(true);
      }),
    );
  });

  it("takes all money that it gives: what buyers pay is what sellers and the grid get, all below nothing too", () => {
    fc.assert(
      fc.property(books(4, threeZones), anyFees, fc.constantFrom(0n, -500_000n), (orders, fees, shift) => {
        const moved = orders.map((order) => ({ ...order, limit: order.limit + shift }));
        const { trades, welfareNano } = clearAuction(moved, fees);
        // Prices go along with all limits, so nobody's gain changes.
        expect(welfareNano).toBe(clearAuction(orders, fees).welfareNano);
        const sum = (of: (trade: (typeof trades)[number]) => bigint): bigint => trades.reduce((all, one) => all + of(one), 0n);
        const gridNano = sum(({ fee, wh }) => fee * BigInt(wh));
        const between = sum(({ paid }) => paid) - sum(({ received }) => received);
        expect(Math.abs(Number(between * 1000n - gridNano))).toBeLessThanOrEqual(1000 * trades.length);
        // By participant: what each owes and gets adds up to what the grid gets, without a rest.
        const owed = new Map<string, bigint>();
        for (const { buy, sell, paid, received } of trades) {
          owed.set(buy.participant, (owed.get(buy.participant) ?? 0n) + paid);
          owed.set(sell.participant, (owed.get(sell.participant) ?? 0n) - received);
        }
        expect([...owed.values()].reduce((all, micro) => all + micro, 0n)).toBe(between);
      }),
      { numRuns: 500 },
    );
  });

  it("has one price in each zone and side, and no way is cheaper than the difference of prices", () => {
    fc.assert(
      fc.property(books(0, threeZones), anyFees, (orders, fees) => {
        const { trades, zones } = clearAuction(orders, fees);
        const price = (name: string) => zones.find(({ zone }) => zone === name);
        for (const trade of trades) {
          expect(price(trade.sell.zone)?.sell).toBe(trade.price);
          expect(price(trade.buy.zone)?.buy).toBe(trade.price + trade.fee);
        }
        for (const from of zones)
          for (const to of zones) {
            const fee = fees.between(from.zone, to.zone);
            if (fee !== null && from.sell !== null && to.buy !== null) expect(to.buy - from.sell).toBeLessThanOrEqual(fee);
          }
      }),
      { numRuns: 500 },
    );
  });

  it("has the welfare of the linear program of the same book", () => {
    fc.assert(
      fc.property(books(0, threeZones), anyFees, (orders, fees) => {
        const best = bookOptimum(solver, orders, fees);
        expect(Math.abs(Number(clearAuction(orders, fees).welfareNano) - best)).toBeLessThan(1e-6 * Math.max(1, best));
      }),
      { numRuns: 200 },
    );
  });

  it("has it with participants on both sides too, as long as they do not bid over their own asks", () => {
    const crosses = (orders: readonly AuctionOrder[], fees: PathFees): boolean =>
      orders.some((sell) =>
        orders.some(
          (buy) =>
            sell.side === "sell" &&
            buy.side === "buy" &&
            sell.participant === buy.participant &&
            (fees.between(sell.zone, buy.zone) ?? 10n ** 13n) + sell.limit <= buy.limit,
        ),
      );
    fc.assert(
      fc.property(books(6, threeZones), anyFees, (all, fees) => {
        const orders: AuctionOrder[] = [];
        for (const order of all) if (!crosses([...orders, order], fees)) orders.push(order);
        const best = bookOptimum(solver, orders, fees);
        const clearing = clearAuction(orders, fees);
        expect(clearing.unmatched.every(({ ownWh }) => ownWh === 0)).toBe(true);
        expect(Math.abs(Number(clearing.welfareNano) - best)).toBeLessThan(1e-6 * Math.max(1, best));
      }),
      { numRuns: 300 },
    );
  });

  it("keeps as little volume from itself as there must be: what others take and give is used up first", () => {
    fc.assert(
      fc.property(books(3, ["z"]), (orders) => {
        const { trades, unmatched } = clearAuction(orders, free);
        const own = unmatched.filter(({ ownWh }) => ownWh > 0);
        if (own.length === 0) return;
        // Only one participant can be more than half of all that is matched, and then it is in every trade.
        const who = new Set(own.map(({ order }) => order.participant));
        expect(who.size).toBe(1);
        for (const { buy, sell } of trades) expect(who.has(buy.participant) || who.has(sell.participant)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
