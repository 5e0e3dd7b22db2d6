import { id } from "ethers";
import { expect, it } from "vitest";
import type { ExchangeTrade } from "../../../core/message/exchange-trade.ts";
import type { RecordWire } from "../../../core/message/settlement-message.ts";
import { journal } from "../../../settlement/audit/journal.ts";
import { tradeLegs } from "../../../settlement/audit/trade-legs.ts";
import { tradeHash } from "../../../settlement/record/trade-legs.ts";
import { after, exampleRecord } from "../fixture.ts";

const [seller, hub, buyer] = ["1", "2", "3"].map((digit) => `0x${digit.repeat(40)}`) as [string, string, string];
const any = exampleRecord({ chainId: 1, contract: seller });
const leg = (a: string, b: string, payer: string, change: Partial<RecordWire> = {}): RecordWire => ({
  ...any,
  a,
  b,
  payer,
  kind: "trade",
  ref: id("a trade"),
  wh: 500,
  amount: "70000",
  ...change,
});
const sold = leg(seller, hub, hub);
const bought = leg(hub, buyer, buyer);

function causesOf(records: RecordWire[], mayCome = false): string[] {
  const say = journal();
  const legs = tradeLegs(say);
  for (const record of records) legs.add(record, 0);
  legs.end(() => mayCome);
  return say.report().findings.map(({ cause, verdict }) => `${verdict} ${cause}`);
}

it("matches what the middle pays to one and gets from the other", () => {
  expect(causesOf([sold, bought])).toEqual([]);
  expect(causesOf([{ ...sold, ref: id("other") }, { ...bought, ref: id("other") }, sold, bought, any])).toEqual([]);
});

it.each<[string, RecordWire[], string[]]>([
  ["one leg", [sold], ["bad leg-missing"]],
  ["three legs", [sold, bought, { ...bought, seq: 2 }], ["bad legs-differ"]],
  ["other energy", [sold, { ...bought, wh: 499 }], ["bad legs-differ"]],
  ["a middle that pays more than it gets", [sold, { ...bought, amount: "69999" }], ["bad legs-differ"]],
  ["a fee that nobody explains", [sold, { ...bought, amount: "70001" }], ["unknown legs-unexplained"]],
  ["a middle that pays both", [sold, { ...bought, payer: hub }], ["bad legs-differ"]],
  ["another period", [sold, { ...bought, end: after(7200) }], ["bad legs-differ"]],
  ["a middle that is paid twice", [leg(seller, hub, seller), bought], ["unknown legs-unexplained"]],
  ["no middle", [sold, leg(`0x${"4".repeat(40)}`, `0x${"5".repeat(40)}`, `0x${"4".repeat(40)}`)], ["bad legs-differ"]],
])("says so of %s", (_, records, causes) => expect(causesOf(records)).toEqual(causes));

it("knows the fee of a trade that was given, and who pays it", () => {
  const trade: ExchangeTrade = {
    v: 1,
    exchange: hub,
    clearedAt: after(0),
    start: any.start,
    end: any.end,
    sellOrder: id("sell"),
    buyOrder: id("buy"),
    sellZone: "grid",
    buyZone: "grid",
    wh: 500,
    price: "140000",
    fee: "20000",
  };
  const ref = tradeHash(trade);
  const judged = (sell: Partial<RecordWire>, buy: Partial<RecordWire>): string[] => {
    const say = journal();
    const legs = tradeLegs(say);
    legs.add({ ...sold, ref, ...sell }, 0);
    legs.add({ ...bought, ref, amount: "80000", ...buy }, 0);
    legs.explain(trade);
    legs.end(() => false);
    return say.report().findings.map(({ verdict, cause }) => `${verdict} ${cause}`);
  };
  expect(judged({}, {})).toEqual([]);
  expect(judged({}, { amount: "80001" })).toEqual(["bad legs-differ"]);
  expect(judged({ amount: "69999" }, {})).toEqual(["bad legs-differ"]);
  expect(judged({ payer: seller }, {})).toEqual(["bad legs-differ"]);
});

it("waits for a leg that may still come", () => expect(causesOf([bought], true)).toEqual(["unknown leg-missing"]));
