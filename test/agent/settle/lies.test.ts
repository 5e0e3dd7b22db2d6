import { expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import type { RecordWire } from "../../../core/message/settlement-message.ts";
import { recordDigest, signRecord, zeroHash } from "../../../settlement/record/record.ts";
import { agreementHash } from "../../../settlement/record/sign-agreement.ts";
import { signPossession } from "../../../settlement/record/typed-calls.ts";
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
  partyA,
  partyB,
} from "../../settlement/fixture.ts";
import { fund } from "../../settlement/market.ts";
import { escrowMicro, homeOnChain, hourOf } from "./home-on-chain.ts";

type Home = Awaited<ReturnType<typeof homeOnChain>>;

/** Each lie about the second hour of import, after a first record that was honest, and the code of the dispute. */
const lies: [string, string, (honest: RecordWire, home: Home) => [RecordWire, ReturnType<typeof hourOf>?]][] = [
  [
    "more energy than was used",
    "settlement-energy-differs",
    (honest, { domain }) => {
      const evidence = { ...hourOf("import", 1), slots: hourOf("import", 1).slots.map((slot) => ({ ...slot, wh: slot.wh + 1 })) };
      return [remade(honest, domain, { evidence }), evidence];
    },
  ],
  [
    "a slot left out",
    "settlement-energy-differs",
    (honest, { domain }) => {
      const evidence = { ...hourOf("import", 1), slots: hourOf("import", 1).slots.slice(1) };
      return [remade(honest, domain, { evidence }), evidence];
    },
  ],
  [
    "prices that were not announced",
    "settlement-price-differs",
    (honest, { domain }) => [remade(honest, domain, { series: exampleSeries({ importPerKwh: dearer }) })],
  ],
  ["one micro-unit more, as if rounded up", "settlement-amount-differs", (honest) => [grown(honest, 1n)]],
  ["one micro-unit less, as if rounded down", "settlement-amount-differs", (honest) => [grown(honest, -1n)]],
  [
    "a sum that grows by more than the amount",
    "settlement-wrong-cumulative",
    (honest) => [{ ...honest, ...owed(honest, BigInt(honest.amount) + 1n) }],
  ],
  ["another history", "settlement-wrong-prev", (honest) => [{ ...honest, prev: `0x${"7".repeat(64)}` }]],
  ["no history", "settlement-wrong-prev", (honest) => [{ ...honest, prev: zeroHash }]],
  ["the other side as payer", "settlement-wrong-payer", (honest) => [{ ...honest, payer: aggregator.owner }]],
  [
    "a period that was settled",
    "settlement-overlap",
    (honest, { domain }) => {
      const evidence = hourOf("import", 0);
      return [remade(honest, domain, { evidence, startS: 0 }), evidence];
    },
  ],
  [
    "a period of the future",
    "settlement-future",
    (honest, { domain }) => {
      const evidence = exampleEvidence("import", [1, 2, 3, 4], 6 * 3600);
      return [remade(honest, domain, { evidence, startS: 6 * 3600 }), evidence];
    },
  ],
  ["a proposal of the future", "settlement-future", (honest) => [{ ...honest, time: after(8 * 3600) }]],
  [
    "the agreement of another contract",
    "settlement-wrong-agreement",
    (honest, { domain }) => [
      { ...honest, agreement: agreementHash(exampleAgreement({ ...domain, contract: `0x${"9".repeat(40)}` })) },
    ],
  ],
  [
    "the agreement of another chain",
    "settlement-wrong-agreement",
    (honest, { domain }) => [{ ...honest, agreement: agreementHash(exampleAgreement({ ...domain, chainId: 1 })) }],
  ],
  ["a number left out", "settlement-journal-behind", (honest) => [{ ...honest, seq: 3 }]],
  ["a second body for a number that both signed", "settlement-second-body", (honest) => [{ ...honest, seq: 1 }]],
];

const dearer = exampleSeries().importPerKwh.map((price) => String(BigInt(price) + 1n));
const owed = (record: RecordWire, amount: bigint): Partial<RecordWire> => {
  const side = record.payer === record.a ? "cumA" : "cumB";
  return { [side]: String(BigInt(record[side]) - BigInt(record.amount) + amount) };
};
const grown = (record: RecordWire, by: bigint): RecordWire => {
  const amount = BigInt(record.amount) + by;
  return { ...record, ...owed(record, amount), amount: String(amount) };
};
let firstRecord: RecordWire;
const remade = (
  _: RecordWire,
  domain: Home["domain"],
  change: { evidence?: ReturnType<typeof hourOf>; startS?: number; series?: ReturnType<typeof exampleSeries> },
): RecordWire => exampleRecord(domain, { previous: firstRecord, startS: 3600, evidence: hourOf("import", 1), ...change });

it("signs none of the lies that an aggregator can tell of a record, and the honest one after all of them", async () => {
  const home = await homeOnChain();
  firstRecord = await home.cosigned("import", 0);
  const honest = home.next("import", 1);
  const codes: [string, string][] = [];
  for (const [what, , lie] of lies) {
    const [record, evidence = hourOf("import", 1)] = lie(honest, home);
    const answer = await home.room.answer(record, evidence);
    codes.push([what, answer.kind === "disputed" ? answer.code : answer.kind]);
  }
  expect(codes).toEqual(lies.map(([what, code]) => [what, code]));
  expect(home.stores.records.newest(home.pair)?.record).toEqual(firstRecord);
  expect(await home.sign(honest)).toBe("signed");
});

it("takes no countersignature for another chain or contract, by another key, or under another body", async () => {
  const home = await homeOnChain();
  const record = home.next("import", 0);
  await home.sign(record);
  const { domain } = home;
  const digest = recordDigest(domain, record);
  const by = (key: typeof aggregator.signer, at = domain, what = record) => signRecord(key, at, what);
  for (const signature of [
    await by(aggregator.signer, { ...domain, chainId: 1 }),
    await by(aggregator.signer, { ...domain, contract: `0x${"9".repeat(40)}` }),
    await by(aggregator.signer, domain, { ...record, salt: `0x${"1".repeat(64)}` }),
    await by(keyOf("thief")),
    await by(household.signer),
  ])
    expect(await home.room.countersigned(1, digest, signature).then(() => "kept", errorCode)).toBe(
      "settlement-foreign-countersignature",
    );
  expect(home.stores.records.newestCosigned(home.pair)).toBeUndefined();
  await home.room.countersigned(1, digest, await by(aggregator.cold));
  expect(home.stores.records.newestCosigned(home.pair)?.record.seq).toBe(1);
});

it("signs no third record while two wait for the other signature, and goes on when one has it", async () => {
  const home = await homeOnChain();
  const [first, second] = [home.next("import", 0), home.next("export", 0)];
  for (const record of [first, second]) expect(await home.sign(record)).toBe("signed");
  const third = home.next("import", 1);
  expect(await home.sign(third)).toBe("settlement-countersignature-missing");
  await home.countersign(second);
  expect(await home.sign(third)).toBe("signed");
});

it.each<[string, (home: Home) => Promise<unknown>]>([
  ["the aggregator was retired", ({ market }) => market.registrar.retire(aggregator.owner, 0)],
  [
    "the aggregator's key was revoked",
    async ({ market }) => (await market.clientOf(aggregator.cold.privateKey)).revoke(addressOf(aggregator.signer)),
  ],
  [
    "the household's key was revoked",
    async ({ market }) => (await market.clientOf(household.cold.privateKey)).revoke(addressOf(household.signer)),
  ],
  ["the household was retired", ({ market }) => market.registrar.retire(household.owner, 0)],
])("signs nothing that the contract would not settle: %s", async (_, change) => {
  const home = await homeOnChain();
  await change(home);
  // Retired: what ended before stays good. So the period must end after.
  await home.clock.advance(3_600_000);
  await home.market.warpTo(midnightS + 7.5 * 3600);
  const slots = [1, 2, 3, 4].map((wh, at) => {
    const startMs = (midnightS + 6 * 3600 + at * 900) * 1000;
    return {
      meter: "grid",
      register: "import" as const,
      startMs,
      endMs: startMs + 900_000,
      wh,
      quality: "valid" as const,
      clockSynced: true,
    };
  });
  home.stores.meters.addSlots(slots);
  const evidence = exampleEvidence("import", [1, 2, 3, 4], 6 * 3600);
  const answer = await home.room.answer(exampleRecord(home.domain, { startS: 6 * 3600, evidence }), evidence);
  expect(answer).toMatchObject({ kind: "disputed", code: "settlement-party-not-valid" });
  expect(home.stores.records.newest(home.pair)).toBeUndefined();
});

it("tells since when energy is unsettled, by its own ledger, and nothing once a record covers it", async () => {
  const home = await homeOnChain();
  const hourMs = 3_600_000;
  await home.cosigned("import", 0);
  await home.cosigned("export", 0);
  // It is 06:30, and the second hour began at 01:00.
  expect(home.room.overdueSince(5.5 * hourMs)).toBeUndefined();
  expect(home.room.overdueSince(5 * hourMs)).toBe((midnightS + 3600) * 1000);
  const waiting = home.next("import", 1);
  await home.sign(waiting);
  await home.cosigned("export", 1);
  expect(home.room.overdueSince(5 * hourMs)).toBe((midnightS + 3600) * 1000);
  await home.countersign(waiting);
  expect(home.room.overdueSince(5 * hourMs)).toBeUndefined();
});

it.each<[string, number[], number | undefined]>([
  ["nothing of two periods of export, which a person may leave out", [0, 3], undefined],
  ["since when export is left out, where it is more", [3], 0],
])("tells %s", async (_, exported, sinceHour) => {
  const home = await homeOnChain();
  for (let hour = 0; hour < 4; hour++) await home.cosigned("import", hour);
  for (const hour of exported) await home.cosigned("export", hour);
  const since = sinceHour === undefined ? undefined : (midnightS + sinceHour * 3600) * 1000;
  expect(home.room.overdueSince(2.5 * 3_600_000)).toBe(since);
});

it("tells that the reward of a day has not come, although all energy is settled", async () => {
  const home = await homeOnChain();
  const hourMs = 3_600_000;
  for (let hour = 0; hour < 6; hour++) for (const kind of ["import", "export"] as const) await home.cosigned(kind, hour);
  await home.clock.advance(30 * hourMs);
  expect(home.room.overdueSince(36 * hourMs)).toBeUndefined();
  await home.clock.advance(hourMs);
  expect(home.room.overdueSince(36 * hourMs)).toBe(midnightS * 1000);
  const evidence = { register: "none" as const, slots: [] };
  const { stores, domain, pair } = home;
  const reward = exampleRecord(domain, {
    previous: stores.records.newest(pair)?.record ?? null,
    kind: "reward",
    lengthS: 86_400,
    series: null,
    evidence,
  });
  expect((await home.room.answer(reward, evidence)).kind).toBe("signed");
  await home.countersign(reward);
  expect(home.room.overdueSince(36 * hourMs)).toBeUndefined();
});

it("takes a rotated key's countersignature, not the one that was in its place", async () => {
  const home = await homeOnChain();
  const record = home.next("export", 0);
  await home.sign(record);
  const next = keyOf("aggregator's next signer");
  const owner = await home.market.clientOf(aggregator.cold.privateKey);
  await owner.rotate(addressOf(next), await signPossession(next, home.domain, aggregator.owner));
  const digest = recordDigest(home.domain, record);
  const old = await signRecord(aggregator.signer, home.domain, record);
  expect(await home.room.countersigned(1, digest, old).then(() => "kept", errorCode)).toBe("settlement-foreign-countersignature");
  await home.room.countersigned(1, digest, await signRecord(next, home.domain, record));
  expect(home.stores.records.newestCosigned(home.pair)?.record.seq).toBe(1);
});

it("counts no deposit before it is final, and none that a reorganisation took away", async () => {
  const home = await homeOnChain({ rules: { finality: "finalized" }, funded: false });
  await home.mine(80);
  const record = home.next("import", 0);
  expect(await home.sign(record)).toBe("settlement-escrow-short");
  await fund(home.market, household.owner, escrowMicro);
  expect([await home.money(), await home.sign(record)]).toEqual([escrowMicro, "settlement-escrow-short"]);
  await home.market.provider.send("anvil_rollback", [1]);
  expect(await home.money()).toBe(0n);
  await home.mine(80);
  expect(await home.sign(record)).toBe("settlement-escrow-short");
  await fund(home.market, household.owner, escrowMicro);
  await home.mine(80);
  expect(await home.sign(record)).toBe("signed");
});

it("counts no final escrow that its side has announced to take out since", async () => {
  const home = await homeOnChain({ rules: { finality: "finalized" } });
  await home.mine(80);
  const record = home.next("import", 0);
  const owner = await home.market.clientOf(household.cold.privateKey);
  await owner.requestWithdraw(partyA.owner, partyB.owner, escrowMicro);
  expect(await home.sign(record)).toBe("settlement-escrow-short");
  await owner.cancelWithdraw(partyA.owner, partyB.owner);
  expect(await home.sign(record)).toBe("signed");
});
