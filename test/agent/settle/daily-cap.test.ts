import { expect, it } from "vitest";
import { overDailyCap } from "../../../agent/settle/daily-cap.ts";
import { signingRoom } from "../../../agent/settle/signing-room.ts";
import { controlStore } from "../../../agent/store/control-store.ts";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { settlementStores } from "../../../agent/store/settlement-stores.ts";
import { hold } from "../../../agent/store/settlement-hold.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type { SettlementUp } from "../../../core/message/settlement-message.ts";
import { recordDigest, signRecord, zeroHash } from "../../../settlement/record/record.ts";
import { openStore } from "../../fake/open-store.ts";
import {
  addressOf,
  aggregator,
  exampleAgreement,
  exampleEvidence,
  exampleRecord,
  exampleSeries,
  household,
  midnight,
  newestSaid,
} from "../../settlement/fixture.ts";

const domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` };
const agreement = exampleAgreement(domain);
const pair = `${agreement.a}-${agreement.b}`;
const evidence = exampleEvidence("import", [151, 0, 87, 1203]);
const evidenceOfSecond = exampleEvidence("import", [60, 70, 80, 90], 3600);
const first = exampleRecord(domain);
const second = exampleRecord(domain, { previous: first, startS: 3600, evidence: evidenceOfSecond });
const codeOf = (answer: SettlementUp): string => (answer.kind === "disputed" ? answer.code : answer.kind);

/** A signing room with a cap over a real store that holds what two records are about. It is 03:00 in Amsterdam. */
function roomOf({ capMicro }: { capMicro: bigint }) {
  const db = openStore();
  const stores = { ...settlementStores(db), meters: meterStore(db), prices: controlStore(db) };
  stores.prices.savePrices(exampleSeries());
  const startMs = Date.parse(midnight);
  stores.meters.addSlots(
    [151, 0, 87, 1203, 60, 70, 80, 90].map((wh, at) => ({
      meter: "grid",
      register: "import",
      startMs: startMs + at * 900_000,
      endMs: startMs + (at + 1) * 900_000,
      wh,
      quality: "valid",
      clockSynced: true,
    })),
  );
  const clock = fakeClock(startMs + 3 * 3_600_000);
  const money = { balanceA: 10n ** 12n, balanceB: 10n ** 12n };
  const empty = { cumA: 0n, cumB: 0n, open: 0n, seq: 0, withdrawals: 0, leavingA: 0n, leavingB: 0n, head: zeroHash };
  const chain = {
    pairOf: () => Promise.resolve({ ...money, ...empty }),
    partyOf: (owner: string) =>
      Promise.resolve({ signer: addressOf((owner === aggregator.owner ? aggregator : household).signer), since: 0, until: 1e15 }),
    keyOf: () => Promise.resolve(undefined),
    readCommit: () => Promise.resolve(undefined),
  };
  const dailyCap = { micro: capMicro, timezone: "Europe/Amsterdam" };
  const open = () =>
    signingRoom({ agreement, signer: household.signer, chain, gridMeter: "grid", finality: "latest", stores, clock, dailyCap });
  return { room: open(), open, stores, db, clock };
}

const [costOfFirst, costOfSecond] = [BigInt(first.amount), BigInt(second.amount)];

it("signs up to the cap of the day and not beyond it, also after a restart and for each number anew", async () => {
  const { room, open, stores } = roomOf({ capMicro: costOfFirst + costOfSecond - 1n });
  expect(await room.answer(first, evidence).then(codeOf)).toBe("signed");
  expect(await room.answer(second, evidenceOfSecond)).toMatchObject({
    kind: "disputed",
    code: "settlement-daily-cap",
    message: expect.stringContaining("settlement.daily_cap") as string,
  });
  expect(await open().answer(second, evidenceOfSecond).then(codeOf)).toBe("settlement-daily-cap");
  expect(stores.records.newest(pair)?.record).toEqual(first);
  // What was signed stays signed, however often it is proposed.
  expect(await open().answer(first, evidence).then(codeOf)).toBe("signed");
});

it("signs exactly the cap", async () => {
  const { room } = roomOf({ capMicro: costOfFirst + costOfSecond });
  expect(await room.answer(first, evidence).then(codeOf)).toBe("signed");
  expect(await room.answer(second, evidenceOfSecond).then(codeOf)).toBe("signed");
});

it("counts what was journalled before a crash as signed", async () => {
  const { open, stores, clock } = roomOf({ capMicro: costOfSecond });
  // The crash came between the journal and the signature.
  stores.records.add(pair, { record: first, digest: recordDigest(domain, first), evidence }, clock.now());
  expect(await open().answer(second, evidenceOfSecond).then(codeOf)).toBe("settlement-daily-cap");
});

it("counts what is signed with all others together, an exchange too", async () => {
  const { room, stores, clock } = roomOf({ capMicro: costOfFirst + costOfSecond });
  const exchange = `0x${"ff".repeat(20)}`;
  const elsewhere = { ...first, b: exchange, a: household.owner, payer: household.owner, amount: "1" };
  const pairThere = `${household.owner}-${exchange}`;
  stores.records.add(pairThere, { record: elsewhere, digest: "0x1", evidence }, clock.now());
  // What it is owed there is not taken off.
  stores.records.add(
    pairThere,
    { record: { ...elsewhere, seq: 2, payer: exchange, amount: "999999999" }, digest: "0x2", evidence },
    clock.now(),
  );
  expect(await room.answer(first, evidence).then(codeOf)).toBe("signed");
  expect(await room.answer(second, evidenceOfSecond).then(codeOf)).toBe("settlement-daily-cap");
});

it("counts anew from local midnight on", async () => {
  const { room, clock } = roomOf({ capMicro: costOfFirst > costOfSecond ? costOfFirst : costOfSecond });
  expect(await room.answer(first, evidence).then(codeOf)).toBe("signed");
  // It is 03:00 in Amsterdam: 23:59:59, then midnight.
  await clock.advance(21 * 3_600_000 - 1000);
  expect(await room.answer(second, evidenceOfSecond).then(codeOf)).toBe("settlement-daily-cap");
  await clock.advance(1000);
  expect(await room.answer(second, evidenceOfSecond).then(codeOf)).toBe("signed");
});

it("holds back nothing that the household is owed", async () => {
  const { room } = roomOf({ capMicro: 0n });
  expect(await room.answer(first, evidence).then(codeOf)).toBe("settlement-daily-cap");
  const earned = overDailyCap(
    { payer: aggregator.owner, amount: "1000000" },
    {
      cap: { micro: 0n, timezone: "UTC" },
      household: household.owner,
      records: { owedSince: () => 0n },
      clock: { now: () => 0 },
    },
  );
  expect(earned).toBeUndefined();
});

it("does not count on the day of a recovery what was signed on another", async () => {
  const { room, stores, db, clock } = roomOf({ capMicro: costOfSecond });
  hold(db, "the database was lost", clock.now());
  await clock.advance(24 * 3_600_000);
  const [gatewaySignature, aggregatorSignature] = await Promise.all(
    [household, aggregator].map(({ signer }) => signRecord(signer, domain, first)),
  );
  const back = {
    record: first,
    evidence,
    gatewaySignature: gatewaySignature ?? "",
    aggregatorSignature: aggregatorSignature ?? "",
  };
  await room.recover([back], await newestSaid(domain, first, clock.now()));
  expect(stores.records.newest(pair)?.record).toEqual(first);
  expect(await room.answer(second, evidenceOfSecond).then(codeOf)).toBe("signed");
});
