import { id } from "ethers";
import { expect } from "vitest";
import type { RecordWire } from "../../../core/message/settlement-message.ts";
import { leavesOf } from "../../../settlement/log/log-data.ts";
import type { LoggedRecord } from "../../../settlement/log/log-run.ts";
import { signPossession } from "../../../settlement/record/typed-calls.ts";
import { addressOf, after, household, householdIsA, keyOf, midnightS } from "../fixture.ts";
import { type Lie, nextDay, type Story } from "./story.ts";
import { type AuditWorld, type DayRecord, recordsForm } from "./world.ts";

const day = 86_400;

/** Logs the honest day with one record changed and signed again by both. */
const withRecord =
  (number: number, change: (record: RecordWire) => Partial<RecordWire>): Story =>
  async (world) => {
    const records = await world.honestDay();
    const honest = records[number - 1] ?? expect.fail();
    const changed = await world.sign({ ...honest.record, ...change(honest.record) });
    const logged = records.map((one) => (one === honest ? { ...changed, evidence: honest.evidence } : one)).slice(0, number);
    await world.log(logged);
    return { archive: await world.archiveOf(logged) };
  };

/** Logs the honest day with other signatures under one record. */
const withSignatures =
  (change: (record: DayRecord, world: AuditWorld) => Promise<Partial<LoggedRecord>>): Story =>
  async (world) => {
    const records = await world.honestDay();
    const last = records.at(-1) ?? expect.fail();
    await world.bindPrices();
    await world.market.warpTo(nextDay);
    await world.commit(recordsForm([...records.slice(0, -1), { ...last, ...(await change(last, world)) }]));
    return { archive: await world.archiveOf(records) };
  };

const ofHousehold = (signature: string) => (householdIsA ? { signatureA: signature } : { signatureB: signature });
const byHousehold = async (world: AuditWorld, { record }: LoggedRecord, name: string) => {
  const { signatureA, signatureB } = await world.sign(record, { a: keyOf(name), b: keyOf(name) });
  return ofHousehold(householdIsA ? signatureA : signatureB);
};

/** In records, their signatures, chains, periods and prices. */
export const liesOfRecords: Lie[] = [
  [
    "an amount that does not follow from the prices",
    "amount-differs",
    "bad",
    withRecord(4, (r) => ({
      amount: String(BigInt(r.amount) + 1n),
      ...(r.payer === r.a ? { cumA: String(BigInt(r.cumA) + 1n) } : { cumB: String(BigInt(r.cumB) + 1n) }),
    })),
  ],
  ["energy that the slots do not have", "amount-differs", "bad", withRecord(2, (r) => ({ wh: r.wh + 1 }))],
  [
    "a payer who is the other one",
    "amount-differs",
    "bad",
    withRecord(1, (r) => ({ payer: r.payer === r.a ? r.b : r.a, cumA: r.cumB, cumB: r.cumA })),
  ],
  ["a wrong hash of the record before", "prev-differs", "bad", withRecord(3, () => ({ prev: id("another history") }))],
  [
    "totals that grow by more than the amount",
    "totals-differ",
    "bad",
    withRecord(3, (r) => ({ cumA: String(BigInt(r.cumA) + 5n) })),
  ],
  ["a period that was settled before", "periods-overlap", "bad", withRecord(3, (r) => ({ start: after(1800), end: r.end }))],
  ["a period in the future", "period-future", "bad", withRecord(4, () => ({ end: after(3 * day) }))],
  ["a period outside the agreement", "agreement-differs", "bad", withRecord(1, () => ({ start: after(-600) }))],
  ["a period before the party was registered", "party-unregistered", "bad", withRecord(1, () => ({ start: after(-3 * day) }))],
  [
    "a record that was left out",
    "record-missing",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      await world.publishHonestly(records.toSpliced(2, 1));
      return { archive: await world.archiveOf(records) };
    },
  ],
  [
    "a leaf that was left out, where the log has digests only",
    "record-unlogged",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      await world.bindPrices();
      await world.market.warpTo(nextDay);
      await world.commit({ form: "digests", leaves: leavesOf(recordsForm(records.toSpliced(2, 1))) });
      return { archive: await world.archiveOf(records) };
    },
  ],
  [
    "two histories in the log",
    "two-histories",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      await world.publishHonestly(records);
      const last = records.at(-1) ?? expect.fail();
      await world.commit(recordsForm([await world.sign({ ...last.record, salt: id("other salt") })]));
    },
  ],
  [
    "a record that its signer has published beside the one in the log",
    "two-histories",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      await world.publishHonestly(records);
      const last = records.at(-1) ?? expect.fail();
      const other = await world.sign({ ...last.record, salt: id("other salt") });
      await world.market.funder.publish(other.record, other.signatureA, "0x");
    },
  ],
  [
    "a second history that is in no log",
    "two-histories",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      await world.publishHonestly(records);
      const last = records.at(-1) ?? expect.fail();
      const other = { ...(await world.sign({ ...last.record, salt: id("other salt") })), evidence: last.evidence };
      return { archive: await world.archiveOf([...records, other]) };
    },
  ],
  ["a signature by nobody's key", "signer-foreign", "bad", withSignatures((one, world) => byHousehold(world, one, "mallory"))],
  ["a signature that is none", "signature-invalid", "bad", withSignatures(async () => ({ signatureA: `0x${"11".repeat(65)}` }))],
  ["a record that one side has not signed", "signature-missing", "bad", withSignatures(async () => ({ signatureB: "0x" }))],
  [
    "a revoked key that signs on",
    "signer-over",
    "bad",
    withSignatures(async (_, { market }) => {
      const owner = await market.clientOf(household.cold.privateKey);
      await owner.revoke(addressOf(household.signer));
      return {};
    }),
  ],
  [
    "a key that was rotated out before the period ended",
    "signer-over",
    "bad",
    async (world) => {
      const { market } = world;
      const next = keyOf("next signer");
      const owner = await market.clientOf(household.cold.privateKey);
      await owner.rotate(addressOf(next), await signPossession(next, market.domain, household.owner));
      await world.log();
    },
  ],
  [
    "prices that were bound after the service period had begun",
    "prices-late",
    "bad",
    async (world) => {
      await world.market.warpTo(midnightS + 60);
      await world.publishHonestly();
    },
  ],
  [
    "prices that nobody bound",
    "prices-unbound",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      await world.market.warpTo(nextDay);
      await world.commit(recordsForm(records));
    },
  ],
];
