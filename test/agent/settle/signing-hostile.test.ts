import { expect, it } from "vitest";
import { signingRoom } from "../../../agent/settle/signing-room.ts";
import { controlStore } from "../../../agent/store/control-store.ts";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { hold } from "../../../agent/store/settlement-hold.ts";
import { settlementStores } from "../../../agent/store/settlement-stores.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type { Evidence, RecordWire } from "../../../core/message/settlement-message.ts";
import type { PairState } from "../../../settlement/chain/chain-reader.ts";
import { signRecord, zeroHash } from "../../../settlement/record/record.ts";
import { evidenceHash } from "../../../settlement/record/reference-hash.ts";
import { agreementHash } from "../../../settlement/record/sign-agreement.ts";
import { openStore } from "../../fake/open-store.ts";
import {
  addressOf,
  aggregator,
  exampleAgreement,
  exampleEvent,
  exampleEvidence,
  exampleRecord,
  exampleSeries,
  household,
  midnightS,
  newestSaid,
  noEvidence,
} from "../../settlement/fixture.ts";

const domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` };
const money = { balanceA: 10n ** 12n, balanceB: 10n ** 12n, cumA: 0n, cumB: 0n, open: 0n };
const emptyPair: PairState = { ...money, seq: 0, withdrawals: 0, leavingA: 0n, leavingB: 0n, head: zeroHash };
const whs = [151, 0, 87, 1203];

/** A signing room over a real store with an hour of import; tells what spans of its meters were read, ms. */
function roomOf(agreement = exampleAgreement(domain)) {
  const db = openStore();
  const prices = controlStore(db);
  prices.savePrices(exampleSeries());
  const meters = meterStore(db);
  const startMs = midnightS * 1000;
  meters.addSlots(
    whs.map((wh, at) => ({
      meter: "grid",
      register: "import",
      startMs: startMs + at * 900_000,
      endMs: startMs + (at + 1) * 900_000,
      wh,
      quality: "valid",
      clockSynced: true,
    })),
  );
  const read: number[] = [];
  const room = signingRoom({
    agreement,
    signer: household.signer,
    chain: {
      pairOf: () => Promise.resolve(emptyPair),
      partyOf: (owner) =>
        Promise.resolve({
          signer: addressOf((owner === aggregator.owner ? aggregator : household).signer),
          since: 0,
          until: 1e15,
        }),
      keyOf: () => Promise.resolve(undefined),
      readCommit: () => Promise.resolve(undefined),
    },
    gridMeter: "grid",
    finality: "latest",
    stores: {
      ...settlementStores(db),
      prices,
      meters: {
        slots(meter, register, fromMs, toMs) {
          read.push(toMs - fromMs);
          return meters.slots(meter, register, fromMs, toMs);
        },
      },
    },
    clock: fakeClock(startMs + 3 * 3_600_000),
  });
  const answer = async (record: RecordWire, evidence: Evidence): Promise<string> => {
    const said = await room.answer(record, evidence);
    return said.kind === "disputed" ? said.code : said.kind;
  };
  return { db, room, answer, read };
}

it("goes by what a record that came back is itself, whatever register its evidence names", async () => {
  const { db, room, answer } = roomOf();
  hold(db, "the database was damaged", 0);
  const first = exampleRecord(domain);
  const second = exampleRecord(domain, {
    previous: first,
    startS: 3600,
    evidence: exampleEvidence("import", [60, 70, 80, 90], 3600),
  });
  const back = await Promise.all(
    [first, second].map(async (record) => ({
      record,
      evidence: noEvidence,
      gatewaySignature: await signRecord(household.signer, domain, record),
      aggregatorSignature: await signRecord(aggregator.signer, domain, record),
    })),
  );
  await room.recover(back, await newestSaid(domain, second, (midnightS + 3 * 3600) * 1000));
  // The first hour was settled by the record that is lost.
  const evidence = exampleEvidence("import", whs);
  expect(await answer(exampleRecord(domain, { previous: second, evidence }), evidence)).toBe("settlement-overlap");
});

it("reads no more of its meters than one service day and its events can need, whatever times a proposal names", async () => {
  const control = { resources: ["car"], hours: { from: "00:00", until: "00:00" }, eventsPerDay: 2 };
  const from = "1999-01-01T00:00:00.000Z";
  const terms = exampleAgreement(domain, { from, reward: { kind: "flexibility", share: 750, paidAs: "money", control } });
  const { answer, read } = roomOf(terms);
  const event = exampleEvent([[1000, 0, "400000"]], 0);
  const slots = event.slots.map((slot) => ({ ...slot, start: "0001-01-01T00:00:00Z", end: "9999-01-01T00:00:00Z" }));
  const events = Array.from({ length: 96 }, () => ({ ...event, slots }));
  const evidence: Evidence = { ...noEvidence, flexibility: { fundedPpm: 1_000_000, events } };
  const start = "2000-01-01T00:00:00.000Z";
  const proposed = { kind: "reward" as const, start, agreement: agreementHash(terms), ref: evidenceHash(evidence) };
  expect(await answer({ ...exampleRecord(domain), ...proposed }, evidence)).toBe("settlement-energy-missing");
  expect(read.length).toBeGreaterThan(96);
  expect(Math.max(...read)).toBeLessThanOrEqual(49 * 3_600_000);
});
