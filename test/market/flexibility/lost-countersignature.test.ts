import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { gridRecords } from "../../../aggregator/flexibility/grid-records.ts";
import type { UftpMessage } from "../../../core/message/uftp.ts";
import type { FlexOperator } from "../../../market/flexibility/flex-operator.ts";
import { slotsOf } from "../../../market/flexibility/period.ts";
import { recordDesk } from "../../../market/flexibility/record-desk.ts";
import { openMarketStore } from "../../../market/store/open-market-store.ts";
import { orderEvidence, settleOrder } from "../../../settlement/record/flex-order.ts";
import { scratchStore } from "../../aggregator/rows.ts";
import { emptyPair } from "../../fake/empty-pair.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";
import * as parties from "../../settlement/fixture.ts";

const agreement = parties.exampleGridAgreement({ chainId: 31_337, contract: `0x${"c0".repeat(20)}` });
const signed = { agreement, signatureA: "", signatureB: "" };
const [dso, agr] = ["dso.example", "agr.example"];
const penalty = 300_000n;
const nowMs = Date.parse("2026-12-04T00:00:00Z");

/** An order of a day, agreed on by both. */
function agreedOrder(date: string, offer: string) {
  const period = { date, timezone: "Europe/Amsterdam", slotMinutes: 60 } as const;
  const day = slotsOf(period);
  const order = {
    offer,
    powerW: day.map(() => 8000),
    price: 700_000n,
    asked: day.map((_, slot) => (slot === 3 ? 1 : 0)),
    share: 1e6,
  };
  const [baselineW, meteredWh] = [day.map(() => 10_000), day.map(() => 8000)];
  const settled = settleOrder(order, { baselineW, meteredWh, hours: 1, penalty });
  return {
    operator: {
      period,
      session: () => ({
        terms: { seats: [{ participant: agr, point: "feeder" }], hours: 1, penalty },
        seats: [{ order, meteredWh, settled: "agreed", prognosis: { powerW: baselineW } }],
      }),
    } as unknown as FlexOperator,
    evidence: orderEvidence({ ...order, point: "feeder", penaltyPerKwh: penalty }, settled, day),
  };
}

/** Both sides of the records of two orders; what the grid operator countersigns is lost on its way while told so. */
async function world() {
  const [first, second] = [agreedOrder("2026-12-01", "order-1"), agreedOrder("2026-12-02", "order-2")];
  const sessions = new Map([["2026-12-01", first.operator]]);
  const at = { nowMs, loses: true };
  const { store } = await scratchStore();
  const market = await openMarketStore(join(scratch("records"), "data.db"));
  onTestFinished(() => market.close());
  const party = async (address: string) => ({
    signer: parties.addressOf((address === parties.aggregator.owner ? parties.aggregator : parties.household).signer),
    since: 0,
    until: 1e12,
  });
  const records = gridRecords({
    site: dso,
    signed,
    store,
    chain: { pairOf: async () => emptyPair(10_000_000n, 10_000_000n), partyOf: party },
    signer: parties.aggregator.signer,
    finality: "latest",
    orderOf: async (reference) => [first, second].find(({ evidence }) => evidence.reference === reference)?.evidence ?? null,
    now: () => at.nowMs,
    log: silentLog(),
  });
  const underWay: UftpMessage[] = [];
  const open = () =>
    recordDesk({
      domain: dso,
      agreements: new Map([[agr, signed]]),
      signer: parties.household.signer,
      chain: { partyOf: party },
      store: market.records,
      sessions: () => sessions,
      send: (messages) => void underWay.push(...messages),
      salt: () => `0x${"11".repeat(32)}`,
      uuid: randomUUID,
      now: () => at.nowMs,
      log: silentLog(),
    });
  const state = { desk: open() };
  const deliver = async (): Promise<void> => {
    for (let message = underWay.shift(); message; message = underWay.shift()) {
      if (message.Message === "SettlementCountersignature" && !at.loses) await records.countersigned(message);
      if (message.Message !== "SettlementProposal") continue;
      const { Record: _, Evidence: __, ...head } = message;
      const words = await records.proposed(message);
      await state.desk.answer({ ...head, Message: "SettlementAnswer", SenderDomain: agr, RecipientDomain: dso, ...words });
    }
  };
  return {
    at,
    restart: () => void (state.desk = open()),
    nextDay: () => void sessions.set("2026-12-02", second.operator),
    /** What the grid operator does in two minutes and more, and what comes of it. */
    async goOn() {
      at.nowMs += 130_000;
      await state.desk.advance();
      await deliver();
    },
    states: async () => [(await store.recordAt(dso, 1))?.state, (await store.recordAt(dso, 2))?.state],
  };
}

it("is said again where the next record waits for it", async () => {
  const one = await world();
  await one.goOn();
  expect(await one.states()).toEqual(["proposed", undefined]);
  one.at.loses = false;
  one.nextDay();
  await one.goOn();
  await one.goOn();
  expect(await one.states()).toEqual(["cosigned", "cosigned"]);
});

it("is said again after a restart, though there is no next record", async () => {
  const one = await world();
  await one.goOn();
  one.at.loses = false;
  await one.goOn();
  expect(await one.states()).toEqual(["proposed", undefined]);
  one.restart();
  await one.goOn();
  expect(await one.states()).toEqual(["cosigned", undefined]);
});
