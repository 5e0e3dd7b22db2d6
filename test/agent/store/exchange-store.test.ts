import { expect, it } from "vitest";
import { exchangeHold, exchangeStore } from "../../../agent/store/exchange-store.ts";
import { recordStore } from "../../../agent/store/record-store.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { recordDigest } from "../../../settlement/record/record.ts";
import { tradeHash } from "../../../settlement/record/trade-legs.ts";
import { openStore } from "../../fake/open-store.ts";
import { addressOf, keyOf, midnightS } from "../../settlement/fixture.ts";
import { houseOrder, tradeEvidence, tradeRecord } from "../../settlement/trades.ts";

const domain = { chainId: 31_337, contract: addressOf(keyOf("some contract")) };
const slotMs = (midnightS + 900) * 1000;

/** A store of one sale that the exchange has told of. */
async function soldStore() {
  const db = openStore();
  const [store, records] = [exchangeStore(db), recordStore(db)];
  const evidence = await tradeEvidence(domain, houseOrder("sell"));
  const { trade } = evidence.trade ?? expect.fail();
  store.saveTrades([{ hash: tradeHash(trade), side: "sell", trade, record: null }]);
  const record = tradeRecord(domain, evidence);
  const pair = `${record.a}-${record.b}`;
  return { db, store, records, evidence, record, digest: recordDigest(domain, record), pair, trade };
}
const sold = new Map([[slotMs, { soldWh: 500, boughtWh: 0 }]]);

it("takes off what the supplier bills only trades that a record was signed for, and by its figures", async () => {
  const { store, records, record, digest, evidence, pair, trade } = await soldStore();
  store.saveTrades([{ hash: `0x${"9".repeat(64)}`, side: "sell", trade: { ...trade, wh: 90_000 }, record: null }]);
  expect(store.positions(0).get(slotMs)?.soldWh).toBe(90_500);
  expect(store.settledPositions(0)).toEqual(new Map());
  records.add(pair, { record, digest, evidence }, slotMs);
  expect(store.settledPositions(0)).toEqual(new Map());
  records.signed(pair, record.seq, "0x1");
  expect(store.settledPositions(slotMs)).toEqual(sold);
  expect(store.settledPositions(slotMs + 900_000)).toEqual(new Map());
});

it("goes by the exchange's word where the journal has lost its records", async () => {
  const { db, store, records, record, digest, evidence, pair } = await soldStore();
  exchangeHold(db, pair, fakeClock(0)).lift();
  const signed = { evidence: { ...evidence, trade: undefined }, ownSignature: "0x1", otherSignature: "0x2" };
  const end = new Date(slotMs + 1_800_000).toISOString();
  records.recover(pair, { record: { ...record, seq: 7, ref: `0x${"7".repeat(64)}`, end }, digest, ...signed }, slotMs);
  expect(store.settledPositions(0)).toEqual(sold);
});

it("tells since when a delivered trade is in no record that both have signed", async () => {
  const { store, records, record, digest, evidence, pair, trade } = await soldStore();
  const endMs = Date.parse(trade.end);
  expect([store.unsettledSince(endMs - 1), store.unsettledSince(endMs)]).toEqual([undefined, endMs]);
  records.add(pair, { record, digest, evidence }, slotMs);
  records.signed(pair, record.seq, "0x1");
  expect(store.unsettledSince(endMs)).toBe(endMs);
  records.countersigned(pair, record.seq, "0x2", slotMs);
  expect(store.unsettledSince(endMs)).toBeUndefined();
});
