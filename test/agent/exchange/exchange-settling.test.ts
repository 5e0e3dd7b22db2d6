import { expect, it } from "vitest";
import { exchangeSettling } from "../../../agent/exchange/exchange-settling.ts";
import { exchangeStore } from "../../../agent/store/exchange-store.ts";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { recordStore } from "../../../agent/store/record-store.ts";
import { AppError, errorCode } from "../../../core/app-error.ts";
import { iso } from "../../../core/clock/clock.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type { MeteredSlot } from "../../../core/message/exchange-http.ts";
import type { SettlementDown } from "../../../core/message/settlement-message.ts";
import { recordDigest } from "../../../settlement/record/record.ts";
import { tradeHash } from "../../../settlement/record/trade-legs.ts";
import { openStore } from "../../fake/open-store.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { addressOf, keyOf } from "../../settlement/fixture.ts";
import { houseOrder, tradeEvidence, tradeRecord } from "../../settlement/trades.ts";

const domain = { chainId: 31_337, contract: addressOf(keyOf("some contract")) };
const hourMs = 3_600_000;

/** A sale that an exchange has told of; what it sends, and whether it answers, is up to the test. */
async function soldAt({ isTold = true } = {}) {
  const db = openStore();
  const [store, records] = [exchangeStore(db), recordStore(db)];
  const evidence = await tradeEvidence(domain, houseOrder("sell"));
  const { trade } = evidence.trade ?? expect.fail();
  if (isTold) store.saveTrades([{ hash: tradeHash(trade), side: "sell", trade, record: null }]);
  const record = tradeRecord(domain, evidence);
  const endMs = Date.parse(trade.end);
  const clock = fakeClock(endMs);
  const log = silentLog();
  const exchange = {
    answers: true,
    messages: [] as SettlementDown[],
    hidden: undefined as { seq: number; digest: string } | undefined,
    told: [] as MeteredSlot[],
  };
  const meters = meterStore(db);
  const settling = exchangeSettling({
    client: {
      settle: ({ metered = [] }) => {
        exchange.told.push(...metered);
        return exchange.answers
          ? Promise.resolve(exchange.messages.splice(0))
          : Promise.reject(new AppError("exchange-unreachable", "away"));
      },
    },
    room: {
      answer: ({ seq }) => Promise.resolve({ v: 1, kind: "signed", seq, digest: `0x${"1".repeat(64)}`, signature: "0x1" }),
      countersigned: () => Promise.resolve(),
      recover: () => Promise.resolve(null),
      uncountersigned: () => [],
      hidden: () => exchange.hidden,
    },
    store,
    meters,
    gridMeter: "grid",
    countersignedWithinMs: hourMs,
    settledWithinMs: 36 * hourMs,
    clock,
    log,
  });
  const settle = (): void => {
    const pair = `${record.a}-${record.b}`;
    records.add(pair, { record, digest: recordDigest(domain, record), evidence }, clock.now());
    records.signed(pair, record.seq, "0x1");
    records.countersigned(pair, record.seq, "0x2", clock.now());
  };
  return { settling, clock, log, exchange, endMs, settle, record, evidence, meters, trade };
}

it("orders nothing where delivered trades stay without a record, says so once, and goes on when they are settled", async () => {
  const { settling, clock, log, exchange, endMs, settle } = await soldAt();
  await clock.advance(36 * hourMs - 1);
  await settling.run();
  expect(settling.unsettledSince()).toBeUndefined();
  await clock.advance(1);
  // It does not even answer any more.
  exchange.answers = false;
  expect(await settling.run().catch(errorCode)).toBe("exchange-unreachable");
  exchange.answers = true;
  await settling.run();
  expect([settling.unsettledSince(), settling.hasLeft()]).toEqual([endMs, false]);
  settle();
  await settling.run();
  expect(settling.unsettledSince()).toBeUndefined();
  expect(log.lines.map(({ level, fields }) => [level, fields["code"]])).toEqual([["error", "exchange-trades-unsettled"]]);
});

it("tells what it metered in a slot of whose trade it hears only by the record, because it was out of reach until then", async () => {
  const { settling, exchange, record, evidence, meters, trade, endMs } = await soldAt({ isTold: false });
  const startMs = Date.parse(trade.start);
  const slot = { meter: "grid", startMs, endMs, quality: "valid" as const, clockSynced: true };
  meters.addSlots([
    { ...slot, register: "import", wh: 7 },
    { ...slot, register: "export", wh: 300 },
  ]);
  await settling.run();
  expect(exchange.told).toEqual([]);
  exchange.messages.push({ kind: "proposal", record, evidence });
  await settling.run();
  await settling.run();
  expect(exchange.told).toEqual([{ start: iso(startMs), end: iso(endMs), importWh: 7, exportWh: 300 }]);
});

it("tells what it metered up to a week before, as after a holiday without the network", async () => {
  const dayMs = 24 * hourMs;
  const told = async (awayMs: number) => {
    const { settling, clock, exchange, meters, trade, endMs } = await soldAt();
    const slot = { meter: "grid", startMs: Date.parse(trade.start), endMs, quality: "estimated" as const, clockSynced: true };
    meters.addSlots([
      { ...slot, register: "import", wh: 7 },
      { ...slot, register: "export", wh: 300 },
    ]);
    await clock.advance(awayMs);
    await settling.run();
    return exchange.told.length;
  };
  expect([await told(7 * dayMs - 1), await told(7 * dayMs)]).toEqual([1, 0]);
});

it("orders nothing any more from who hid a record", async () => {
  const { settling, log, exchange } = await soldAt();
  exchange.hidden = { seq: 4, digest: "0x4" };
  await settling.run();
  await settling.run();
  expect(settling.hasLeft()).toBe(true);
  expect(log.lines.map(({ fields }) => fields["code"])).toEqual(["settlement-record-hidden"]);
});
