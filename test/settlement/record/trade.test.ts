import { id } from "ethers";
import { describe, expect, it } from "vitest";
import type { ExchangeOrder } from "../../../core/message/exchange-order.ts";
import type { ExchangeTrade } from "../../../core/message/exchange-trade.ts";
import type { Evidence, RecordWire } from "../../../core/message/settlement-message.ts";
import { checkRecord, type OwnTrading, type RecordContext } from "../../../settlement/record/check-record.ts";
import { dueOf } from "../../../settlement/record/due.ts";
import { orderDigest } from "../../../settlement/record/order-signature.ts";
import { zeroHash } from "../../../settlement/record/record.ts";
import { evidenceHash } from "../../../settlement/record/reference-hash.ts";
import { legsOf, tradeHash } from "../../../settlement/record/trade-legs.ts";
import {
  addressOf,
  after,
  aggregator,
  exampleAgreement,
  exampleEvidence,
  exampleRecord,
  exampleSeries,
  household,
  keyOf,
  midnightS,
  noEvidence,
} from "../fixture.ts";
import { houseOrder, houseTrade, otherSide, tradeEvidence, tradeRecord } from "../trades.ts";

const domain = { chainId: 31_337, contract: addressOf(keyOf("some contract")) };
const agreement = exampleAgreement(domain);
const slot = { start: after(900), end: after(1800) };
const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const trading: OwnTrading = { orderKeys: [addressOf(household.signer)], trades: [], corrected: [], lostUntilMs: -Infinity };
const context: RecordContext = {
  previous: null,
  agreement,
  series: null,
  ownSlots: [],
  covered: [],
  trading,
  pairs: [],
  nowMs: (midnightS + 3600) * 1000,
};
const check = (record: RecordWire, evidence: Evidence, given: Partial<RecordContext> = {}): string => {
  const checked = checkRecord({ record, evidence }, { ...context, ...given });
  return checked.ok ? "signed" : checked.code;
};

describe("a trade", () => {
  it("costs the buyer price and fee, and brings the seller the price; both records carry its hash", async () => {
    const bought = await tradeEvidence(domain, houseOrder("buy"));
    expect(dueOf({ kind: "trade", ...slot }, bought, agreement, null)).toEqual({
      wh: 500,
      payer: household.owner,
      amount: 100_000n,
    });
    const sold = await tradeEvidence(domain, houseOrder("sell"));
    expect(dueOf({ kind: "trade", ...slot }, sold, agreement, null)).toEqual({
      wh: 500,
      payer: aggregator.owner,
      amount: 90_000n,
    });
    const trade = houseTrade(domain, houseOrder("sell"));
    const legs = legsOf(trade, { buyer: otherSide.owner, seller: household.owner });
    expect([legs.buy.ref, legs.sell.ref]).toEqual([tradeHash(trade), evidenceHash(sold)]);
    expect(legs.feeMicro).toBe(10_000n);
  });

  it("turns round at a negative price", async () => {
    const cheap = { limit: "-20000" };
    const sold = await tradeEvidence(domain, houseOrder("sell", cheap), { price: "-10000", fee: "4000" });
    expect(dueOf({ kind: "trade", ...slot }, sold, agreement, null)).toMatchObject({ payer: household.owner, amount: 5000n });
    const bought = await tradeEvidence(domain, houseOrder("buy", { limit: "0" }), { price: "-10000", fee: "4000" });
    expect(dueOf({ kind: "trade", ...slot }, bought, agreement, null)).toMatchObject({ payer: aggregator.owner, amount: 3000n });
  });

  it("is signed where it follows from an own order", async () => {
    for (const side of ["buy", "sell"] as const) {
      const evidence = await tradeEvidence(domain, houseOrder(side));
      expect(check(tradeRecord(domain, evidence), evidence)).toBe("signed");
    }
  });
});

/** What an exchange may try, and the code of the dispute. */
const attacks: [string, string, Partial<ExchangeOrder>, ((own: ExchangeOrder) => Partial<ExchangeTrade>)?][] = [
  ["a trade with somebody's order that is not this house's", "settlement-order-differs", { participant: otherSide.owner }],
  ["an order for another exchange", "settlement-order-differs", { exchange: otherSide.owner }],
  ["a trade of another exchange", "settlement-order-differs", {}, () => ({ exchange: otherSide.owner })],
  ["an order that is not the trade's", "settlement-order-differs", {}, () => ({ sellOrder: id("another order") })],
  ["one order on both sides", "settlement-order-differs", {}, (own) => ({ buyOrder: orderDigest(domain, own) })],
  ["another slot than the order's", "settlement-order-differs", { start: after(1800), end: after(2700) }, () => slot],
  ["another zone", "settlement-order-differs", {}, () => ({ sellZone: "elsewhere" })],
  ["a price below the limit", "settlement-order-limit", {}, () => ({ price: "89999" })],
  ["a fee that gives money back", "settlement-order-limit", {}, () => ({ fee: "-1" })],
  ["more than the order is for", "settlement-order-oversold", {}, () => ({ wh: 801 })],
  ["an order over its time", "settlement-order-expired", { validUntil: after(-61) }],
  [
    "a trade made after delivery began",
    "settlement-order-expired",
    { validUntil: after(1800) },
    () => ({ clearedAt: after(900) }),
  ],
];

describe("an exchange is refused", () => {
  it.each(attacks)("%s", async (_, expected, order, trade) => {
    const own = houseOrder("sell", order);
    const evidence = await tradeEvidence(domain, own, trade?.(own));
    expect(() => dueOf({ kind: "trade", ...slot }, evidence, agreement, null)).toThrow(code(expected));
    // The figures may be as they like: here those of an honest trade.
    const honest = tradeRecord(domain, await tradeEvidence(domain, houseOrder("sell")));
    expect(check({ ...honest, ref: evidenceHash(evidence) }, evidence)).toBe(expected);
  });

  it("a dearer trade than the buyer's limit, fee included", async () => {
    const evidence = await tradeEvidence(domain, houseOrder("buy", { limit: "199999" }));
    expect(() => dueOf({ kind: "trade", ...slot }, evidence, agreement, null)).toThrow(code("settlement-order-limit"));
  });

  it("an order that this house never signed", async () => {
    const evidence = await tradeEvidence(domain, houseOrder("sell"), {}, keyOf("the exchange itself"));
    expect(check(tradeRecord(domain, evidence), evidence)).toBe("settlement-order-not-ours");
    const broken = {
      ...evidence,
      trade: evidence.trade && { ...evidence.trade, own: { ...evidence.trade.own, signature: `0x${"1".repeat(130)}` } },
    };
    expect(check(tradeRecord(domain, evidence), broken)).toBe("settlement-order-not-ours");
  });

  it("a trade twice, and an order beyond its volume over several trades and revisions", async () => {
    const own = houseOrder("sell");
    const first = await tradeEvidence(domain, own);
    const before = { ...trading, trades: [first.trade ?? expect.fail()] };
    expect(check(tradeRecord(domain, first), first, { trading: before })).toBe("settlement-trade-twice");
    const lost = { ...trading, lostUntilMs: Date.parse(slot.end) };
    expect(check(tradeRecord(domain, first), first, { trading: lost })).toBe("settlement-trade-twice");
    const more = await tradeEvidence(domain, own, { clearedAt: after(-30), wh: 301 });
    expect(check(tradeRecord(domain, more), more, { trading: before })).toBe("settlement-order-oversold");
    const rest = await tradeEvidence(domain, own, { clearedAt: after(-30), wh: 300 });
    expect(check(tradeRecord(domain, rest), rest, { trading: before })).toBe("signed");
    const revised = await tradeEvidence(domain, houseOrder("sell", { revision: 2, wh: 900 }), { clearedAt: after(-30), wh: 401 });
    expect(check(tradeRecord(domain, revised), revised, { trading: before })).toBe("settlement-order-oversold");
  });

  it("another hash, energy, amount, payer, price series or period than the trade has", async () => {
    const evidence = await tradeEvidence(domain, houseOrder("sell"));
    const record = tradeRecord(domain, evidence);
    for (const [change, expected] of [
      [{ ref: id("another trade") }, "settlement-wrong-evidence"],
      [{ wh: 501 }, "settlement-energy-differs"],
      [{ amount: "89999" }, "settlement-amount-differs"],
      [{ payer: household.owner }, "settlement-wrong-payer"],
      [{ prices: id("prices") }, "settlement-price-differs"],
      [{ cumA: "1", cumB: "1" }, "settlement-wrong-cumulative"],
      [{ end: after(2700), time: after(2730) }, "settlement-wrong-period"],
    ] as [Partial<RecordWire>, string][])
      expect(check({ ...record, ...change }, evidence)).toBe(expected);
  });

  it("a trade within an agreement with an aggregator, and in evidence of other kinds", async () => {
    const evidence = await tradeEvidence(domain, houseOrder("sell"));
    const { trading: _, ...withAggregator } = context;
    expect(checkRecord({ record: tradeRecord(domain, evidence), evidence }, withAggregator)).toMatchObject({
      code: "settlement-no-rule",
    });
    const energy = { ...exampleEvidence("import", [1, 2, 3, 4]), trade: evidence.trade };
    const hour = { kind: "import" as const, start: after(0), end: after(3600) };
    expect(() => dueOf(hour, energy, agreement, exampleSeries())).toThrow(code("settlement-wrong-evidence"));
    const day = { kind: "reward" as const, start: after(0), end: after(86_400) };
    expect(() => dueOf(day, evidence, agreement, null)).toThrow(code("settlement-wrong-evidence"));
    const wrong = { ...evidence, slots: exampleEvidence("import", [1]).slots };
    expect(() => dueOf({ kind: "trade", ...slot }, wrong, agreement, null)).toThrow(code("settlement-wrong-evidence"));
    expect(dueOf({ kind: "trade", ...slot }, noEvidence, agreement, null)).toBeUndefined();
    expect(() => dueOf({ kind: "trade", ...slot }, evidence, agreement, exampleSeries())).toThrow(
      code("settlement-wrong-evidence"),
    );
  });
});

describe("what was traded and not done", () => {
  const series = exampleSeries();
  const deviationOf = (side: "buy" | "sell", doneWh: number, trades: string[], tradedWh = 500): Evidence => ({
    register: "none",
    slots: [],
    deviation: { side, ...slot, trades, tradedWh, doneWh },
  });
  const recordOf = (evidence: Evidence): RecordWire =>
    exampleRecord(domain, { kind: "correction", startS: 900, lengthS: 900, evidence, series });

  it("costs the seller the balancing price of import, and brings the buyer that of export", () => {
    // The second quarter: import 0.21137, export 0.07041 a kWh.
    expect(recordOf(deviationOf("sell", 300, [id("1")]))).toMatchObject({ wh: -200, payer: household.owner, amount: "42274" });
    expect(recordOf(deviationOf("buy", 300, [id("1")]))).toMatchObject({ wh: -200, payer: aggregator.owner, amount: "14082" });
  });

  it("is signed once a side where the own trades and the own meter say so", async () => {
    const found = (await tradeEvidence(domain, houseOrder("sell"))).trade ?? expect.fail();
    const evidence = deviationOf("sell", 300, [tradeHash(found.trade)]);
    const record = recordOf(evidence);
    const [startMs, endMs] = [Date.parse(slot.start), Date.parse(slot.end)];
    const known: Partial<RecordContext> = {
      series,
      trading: { ...trading, trades: [found] },
      ownSlots: [{ register: "export", startMs, endMs, wh: 300 }],
    };
    expect(check(record, evidence, known)).toBe("signed");
    const cases: [Partial<RecordContext>, string][] = [
      [{ trading }, "settlement-energy-differs"],
      [{ ownSlots: [] }, "settlement-energy-missing"],
      [{ ownSlots: [{ register: "export", startMs, endMs, wh: 500 }] }, "settlement-energy-differs"],
      [{ trading: { ...trading, trades: [found], corrected: ["sell"] } }, "settlement-trade-twice"],
      [{ series: exampleSeries({ currency: "DKK" }) }, "settlement-wrong-currency"],
      [{ series: null }, "settlement-no-price"],
    ];
    for (const [change, expected] of cases) expect(check(record, evidence, { ...known, ...change })).toBe(expected);
    expect(check({ ...record, prices: zeroHash }, evidence, known)).toBe("settlement-price-differs");
  });

  it("is nothing where all was done, and stands by itself", () => {
    const due = (evidence: Evidence) => dueOf({ kind: "correction", ...slot }, evidence, agreement, series);
    expect(() => due(deviationOf("sell", 500, [id("1")]))).toThrow(code("settlement-wrong-evidence"));
    const [low = "", high = ""] = [id("1"), id("2")].toSorted();
    expect(due(deviationOf("sell", 0, [low, high]))).toMatchObject({ wh: -500 });
    for (const trades of [
      [high, low],
      [low, low],
    ])
      expect(() => due(deviationOf("sell", 0, trades))).toThrow(code("settlement-wrong-evidence"));
    expect(due(noEvidence)).toBeUndefined();
    expect(() =>
      dueOf({ kind: "correction", start: after(0), end: after(900) }, deviationOf("buy", 0, [id("1")]), agreement, series),
    ).toThrow(code("settlement-wrong-period"));
  });
});
