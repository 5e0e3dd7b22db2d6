import { expect, it } from "vitest";
import { signingRoom } from "../../../agent/settle/signing-room.ts";
import { settler } from "../../../agent/settle/settler.ts";
import { controlStore } from "../../../agent/store/control-store.ts";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { hold } from "../../../agent/store/settlement-hold.ts";
import { settlementStores } from "../../../agent/store/settlement-stores.ts";
import { AppError, errorCode } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type { CosignedRecord, Evidence, RecordWire, SettlementUp } from "../../../core/message/settlement-message.ts";
import type { PairState } from "../../../settlement/chain/chain-reader.ts";
import { recordDigest, signerOf, signRecord, zeroHash } from "../../../settlement/record/record.ts";
import type { TypedDataSigner } from "../../../settlement/record/signature.ts";
import {
  addressOf,
  after,
  aggregator,
  exampleAgreement,
  exampleEvent,
  exampleEvidence,
  exampleRecord,
  exampleSeries,
  household,
  keyOf,
  midnight,
  newestSaid,
  noEvidence,
  partyA,
} from "../../settlement/fixture.ts";
import { openStore } from "../../fake/open-store.ts";
import { silentLog } from "../../fake/silent-log.ts";

const domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` };
const agreement = exampleAgreement(domain);
const pair = `${agreement.a}-${agreement.b}`;
const emptyPair: PairState = {
  balanceA: 10n ** 12n,
  balanceB: 10n ** 12n,
  cumA: 0n,
  cumB: 0n,
  open: 0n,
  seq: 0,
  withdrawals: 0,
  leavingA: 0n,
  leavingB: 0n,
  head: zeroHash,
};

/** Quarter-hour slots of import. */
const slotsOf = (meter: string, whs: readonly number[], fromMs: number) =>
  whs.map((wh, at) => ({
    meter,
    register: "import" as const,
    startMs: fromMs + at * 900_000,
    endMs: fromMs + (at + 1) * 900_000,
    wh,
    quality: "valid" as const,
    clockSynced: true,
  }));

/** A signing room over a real store that holds prices and the two first hours of slots; the chain is told by the test. */
function roomOf(
  change: {
    pair?: Partial<PairState> | AppError;
    signer?: TypedDataSigner;
    prices?: boolean;
    agreement?: typeof agreement;
    hours?: number;
  } = {},
) {
  const db = openStore();
  const stores = { ...settlementStores(db), meters: meterStore(db), prices: controlStore(db) };
  if (change.prices !== false) stores.prices.savePrices(exampleSeries());
  const whs = [151, 0, 87, 1203, 60, 70, 80, 90];
  const startMs = Date.parse(midnight);
  stores.meters.addSlots(slotsOf("grid", whs, startMs));
  const clock = fakeClock(startMs + (change.hours ?? 3) * 3_600_000);
  const chain = {
    pairOf: () =>
      change.pair instanceof AppError ? Promise.reject(change.pair) : Promise.resolve({ ...emptyPair, ...change.pair }),
    partyOf: (owner: string) =>
      Promise.resolve({ signer: addressOf((owner === aggregator.owner ? aggregator : household).signer), since: 0, until: 1e15 }),
    keyOf: () => Promise.resolve(undefined),
    readCommit: () => Promise.resolve(undefined),
  };
  const open = (signer = change.signer ?? household.signer) =>
    signingRoom({
      agreement: change.agreement ?? agreement,
      signer,
      chain,
      gridMeter: "grid",
      finality: "latest",
      stores,
      clock,
    });
  return { room: open(), open, stores, db };
}
const evidence = exampleEvidence("import", [151, 0, 87, 1203]);
const first = exampleRecord(domain);
const secondEvidence = exampleEvidence("import", [60, 70, 80, 90], 3600);
const second = exampleRecord(domain, { previous: first, startS: 3600, evidence: secondEvidence });
const codeOf = (answer: SettlementUp): string => (answer.kind === "disputed" ? answer.code : answer.kind);

it("signs what agrees with its own ledger, prices and totals, with the household's key", async () => {
  const { room, stores } = roomOf();
  const answer = await room.answer(first, evidence);
  expect(answer).toMatchObject({ v: 1, kind: "signed", seq: 1, digest: recordDigest(domain, first) });
  expect(answer.kind === "signed" && signerOf(domain, first, answer.signature)).toBe(addressOf(household.signer));
  expect(await room.answer(second, exampleEvidence("import", [60, 70, 80, 90], 3600)).then(codeOf)).toBe("signed");
  expect(stores.records.newest(pair)).toMatchObject({ record: second, otherSignature: null });
});

it("gives the same signature to the same proposal, however often, also after a restart", async () => {
  const { room, open, stores } = roomOf();
  const answers = [await room.answer(first, evidence), await room.answer(first, evidence), await open().answer(first, evidence)];
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(stores.records.counts()).toEqual({ signed: 1, countersigned: 0 });
});

it("signs a reward for flexibility by what its own ledger has of the meter that it names, and no other", async () => {
  const control = { resources: ["car"], hours: { from: "00:00", until: "00:00" }, eventsPerDay: 2 };
  const terms = exampleAgreement(domain, { reward: { kind: "flexibility", share: 750, paidAs: "money", control } });
  const rewardOf = (meteredWh: number) => {
    const slots = [[1000, 0, "400000"] as const, [0, meteredWh, "100000"] as const];
    const flexibility = { fundedPpm: 1_000_000, events: [exampleEvent(slots, 3600)] };
    const given: Evidence = { ...noEvidence, flexibility };
    const basis = { agreement: terms, kind: "reward" as const, evidence: given, series: null, lengthS: 86_400 };
    return [exampleRecord(domain, basis), given] as const;
  };
  const { room, stores } = roomOf({ agreement: terms, hours: 26 });
  expect(await room.answer(...rewardOf(1000)).then(codeOf)).toBe("settlement-energy-missing");
  stores.meters.addSlots(slotsOf("car", [0, 1000], Date.parse(after(3600))));
  expect(await room.answer(...rewardOf(999)).then(codeOf)).toBe("settlement-energy-differs");
  expect(await room.answer(...rewardOf(1000)).then(codeOf)).toBe("signed");
  expect(stores.records.newest(pair)?.record).toMatchObject({ kind: "reward", amount: "225000", payer: aggregator.owner });
});

const stranger = `0x${"0".repeat(39)}1`;
const off = (change: Partial<RecordWire>): RecordWire => ({ ...first, ...change });
it.each<[string, RecordWire, Evidence, Parameters<typeof roomOf>[0], string]>([
  ["another pair", off({ a: stranger, payer: stranger }), evidence, {}, "settlement-wrong-party"],
  ["another agreement", off({ agreement: zeroHash }), evidence, {}, "settlement-wrong-agreement"],
  ["a time before the agreement", off({ start: after(-3600), end: midnight }), evidence, {}, "settlement-outside-agreement"],
  ["a period that is not over", off({ start: after(10_800), end: after(14_400) }), evidence, {}, "settlement-future"],
  ["a number that is not next", off({ seq: 2 }), evidence, {}, "settlement-seq-gap"],
  ["another chain of records", off({ prev: `0x${"7".repeat(64)}` }), evidence, {}, "settlement-wrong-prev"],
  ["evidence that is not the record's", first, exampleEvidence("import", [151, 0, 87, 1204]), {}, "settlement-wrong-evidence"],
  [
    "slots that it does not have",
    exampleRecord(domain, { startS: 7200, evidence: exampleEvidence("import", [1, 1, 1, 1], 7200) }),
    exampleEvidence("import", [1, 1, 1, 1], 7200),
    {},
    "settlement-energy-missing",
  ],
  [
    "other energy in a slot",
    exampleRecord(domain, { evidence: exampleEvidence("import", [151, 0, 87, 1204]) }),
    exampleEvidence("import", [151, 0, 87, 1204]),
    {},
    "settlement-energy-differs",
  ],
  [
    "a slot left out",
    exampleRecord(domain, { evidence: exampleEvidence("import", [151, 0, 87]) }),
    exampleEvidence("import", [151, 0, 87]),
    {},
    "settlement-energy-differs",
  ],
  ["no price that was announced", first, evidence, { prices: false }, "settlement-no-price"],
  [
    "another price series",
    exampleRecord(domain, { series: exampleSeries({ stepS: 1800 }) }),
    evidence,
    {},
    "settlement-price-differs",
  ],
  ["another amount", off({ amount: String(BigInt(first.amount) + 1n) }), evidence, {}, "settlement-amount-differs"],
  ["the wrong payer", off({ payer: aggregator.owner }), evidence, {}, "settlement-wrong-payer"],
  ["wrong totals", off({ cumA: String(BigInt(first.cumA) + 1n) }), evidence, {}, "settlement-wrong-cumulative"],
  ["a payer without the money", first, evidence, { pair: { balanceA: 0n, balanceB: 0n } }, "settlement-escrow-short"],
  ["a kind without a rule", off({ kind: "fee" }), evidence, {}, "settlement-no-rule"],
  ["half a day of reward", exampleRecordOfReward(), noEvidence, {}, "settlement-wrong-period"],
  [
    "a chain that is ahead of its journal",
    first,
    evidence,
    { pair: { seq: 3, head: `0x${"9".repeat(64)}` } },
    "settlement-journal-behind",
  ],
])("disputes %s, with its own figures, and signs nothing", async (_, record, given, change, code) => {
  let asked = 0;
  const signer: TypedDataSigner = { signTypedData: (...parts) => (asked++, household.signer.signTypedData(...parts)) };
  const { room, stores } = roomOf({ ...change, signer });
  const answer = await room.answer(record, given);
  expect([answer.kind, codeOf(answer)]).toEqual(["disputed", code]);
  expect([asked, stores.records.newest(pair)]).toEqual([0, undefined]);
});

function exampleRecordOfReward(): RecordWire {
  return {
    ...first,
    kind: "reward",
    wh: 0,
    amount: "350000",
    payer: aggregator.owner,
    prices: zeroHash,
    ref: exampleRecord(domain).ref,
    ...rewardRef(),
  };
}
function rewardRef(): Partial<RecordWire> {
  // The hash of no slots, from a good reward of a whole day.
  const { ref } = exampleRecord(domain, { kind: "reward", evidence: noEvidence, series: null, lengthS: 86_400 });
  return { ref };
}

it("does not even dispute figures that cannot be signed: they have no digest", async () => {
  const { room, stores } = roomOf();
  expect(await room.answer(off({ cumA: "007" }), evidence).then(codeOf, errorCode)).toBe("settlement-bad-record");
  expect(stores.records.newest(pair)).toBeUndefined();
});

it("settles no period twice", async () => {
  const { room } = roomOf();
  await room.answer(first, evidence);
  const again = exampleRecord(domain, {
    previous: first,
    startS: 1800,
    evidence: exampleEvidence("import", [87, 1203, 60, 70], 1800),
  });
  expect(await room.answer(again, exampleEvidence("import", [87, 1203, 60, 70], 1800)).then(codeOf)).toBe("settlement-overlap");
});

it("disputes a second body for a number that it has signed", async () => {
  const { room, stores } = roomOf();
  await room.answer(first, evidence);
  const answer = await room.answer({ ...first, salt: `0x${"1".repeat(64)}` }, evidence);
  expect(answer).toMatchObject({ kind: "disputed", code: "settlement-second-body", own: { prev: recordDigest(domain, first) } });
  expect(stores.records.at(pair, 1)?.record).toEqual(first);
});

it("goes on with the journalled record after a crash between journal and signature, and with no other", async () => {
  const crash: TypedDataSigner = { signTypedData: () => Promise.reject(new Error("power cut")) };
  const { room, open, stores } = roomOf({ signer: crash });
  await expect(room.answer(first, evidence)).rejects.toThrow("power cut");
  expect(stores.records.at(pair, 1)).toMatchObject({ record: first, ownSignature: null });
  const restarted = open(household.signer);
  expect(restarted.uncountersigned()).toEqual([]);
  expect(await restarted.answer({ ...first, time: after(3700) }, evidence).then(codeOf)).toBe("settlement-second-body");
  expect(await restarted.answer(first, evidence).then(codeOf)).toBe("signed");
});

it("signs nothing unchecked while the chain does not answer", async () => {
  const { room, stores } = roomOf({ pair: new AppError("chain-unreachable", "no answer", { temporary: true }) });
  expect(await room.answer(first, evidence).then(codeOf, errorCode)).toBe("chain-unreachable");
  expect(stores.records.newest(pair)).toBeUndefined();
});

it("goes on where the chain's newest record is its own", async () => {
  const digest = recordDigest(domain, first);
  const settled = { seq: 0, head: zeroHash, cumA: 0n, cumB: 0n };
  const { room } = roomOf({ pair: settled });
  await room.answer(first, evidence);
  Object.assign(settled, { seq: 1, head: digest, cumA: BigInt(first.cumA), cumB: BigInt(first.cumB) });
  expect(await room.answer(second, exampleEvidence("import", [60, 70, 80, 90], 3600)).then(codeOf)).toBe("signed");
});

it("keeps the aggregator's signature, and asks for it until it came", async () => {
  const { room, stores } = roomOf();
  const answer = await room.answer(first, evidence);
  expect(room.uncountersigned()).toMatchObject([{ seq: 1, signature: answer.kind === "signed" && answer.signature }]);
  const digest = recordDigest(domain, first);
  const refusals = [
    [1, digest, await signRecord(keyOf("stranger"), domain, first), "settlement-foreign-countersignature"],
    [1, digest, await signRecord(household.signer, domain, first), "settlement-foreign-countersignature"],
    [1, digest, `0x${"00".repeat(65)}`, "settlement-bad-signature"],
    [1, zeroHash, await signRecord(aggregator.signer, domain, first), "settlement-unknown-record"],
    [2, digest, await signRecord(aggregator.signer, domain, first), "settlement-unknown-record"],
  ] as const;
  for (const [seq, hash, signature, code] of refusals)
    expect(await room.countersigned(seq, hash, signature).then(() => "kept", errorCode)).toBe(code);
  expect(stores.records.at(pair, 1)?.otherSignature).toBeNull();
  const good = await signRecord(aggregator.signer, domain, first);
  await room.countersigned(1, digest, good);
  await room.countersigned(1, digest, good);
  expect([stores.records.at(pair, 1)?.otherSignature, room.uncountersigned()]).toEqual([good, []]);
});

it("answers on the topic of the proposal, counts disputes once and opens the room only for the first message", async () => {
  const { room } = roomOf();
  const sent: [string, string][] = [];
  const log = silentLog();
  let opened = 0;
  const settling = settler({
    open: () => {
      opened++;
      return opened === 1
        ? Promise.reject(new AppError("keystore-missing", "no key"))
        : Promise.resolve({ ...room, chores: { run: () => Promise.resolve(), close: () => undefined }, close: () => undefined });
    },
    publish: (rest, message) => (sent.push([rest, codeOf(message)]), Promise.resolve()),
    hasJournal: () => true,
    countersignedWithinMs: 3_600_000,
    settledWithinMs: 172_800_000,
    onLeft: () => undefined,
    clock: fakeClock(0),
    log,
  });
  await settling.remind();
  expect(opened).toBe(0);
  const proposal = (record: RecordWire) => ({ kind: "proposal", record, evidence });
  expect(await settling.take({ kind: "gossip" }, "settle/supply").then(() => "taken", errorCode)).toBe("settlement-malformed");
  expect(await settling.take(proposal(first), "settle/supply").then(() => "taken", errorCode)).toBe("keystore-missing");
  for (let time = 0; time < 2; time++) await settling.take(proposal({ ...first, amount: "1" }), "settle/supply");
  await settling.take(proposal(first), "settle/supply");
  await settling.remind();
  expect(sent.map(([rest, code]) => `${rest} ${code}`)).toEqual(
    ["settlement-amount-differs", "settlement-amount-differs", "signed", "signed"].map((code) => `settle/supply ${code}`),
  );
  expect([settling.counts(), log.lines.length, opened, partyA.owner < agreement.b]).toEqual([
    { signed: 1, disputed: 1 },
    1,
    2,
    true,
  ]);
});

/** Both signatures under a record, as the aggregator keeps it: without slots. */
async function cosigned(record: RecordWire, by: { home?: string; other?: string } = {}): Promise<CosignedRecord> {
  return {
    record,
    evidence: { register: "import", slots: [] },
    gatewaySignature: by.home ?? (await signRecord(household.signer, domain, record)),
    aggregatorSignature: by.other ?? (await signRecord(aggregator.signer, domain, record)),
  };
}

const said = (record: RecordWire | null) => newestSaid(domain, record, Date.parse(midnight) + 3 * 3_600_000);

/** A room whose database was lost after the first record was signed. */
function lostRoom(change: Parameters<typeof roomOf>[0] = {}) {
  const house = roomOf(change);
  hold(house.db, "the database was damaged", 0);
  return house;
}

it("signs nothing after its journal was lost, not even what it would sign", async () => {
  const { room, stores } = lostRoom();
  expect(await room.answer(first, evidence)).toMatchObject({ kind: "disputed", code: "settlement-journal-behind" });
  expect(stores.records.newest(pair)).toBeUndefined();
});

it("takes the newest co-signed record back and goes on after it, never before it", async () => {
  const { room, stores } = lostRoom();
  await room.recover([await cosigned(first), await cosigned(second)], await said(second));
  expect(stores.records.newest(pair)).toMatchObject({ record: second, digest: recordDigest(domain, second) });
  expect(await room.answer(second, secondEvidence).then(codeOf)).toBe("signed");
  // The first hour was settled by a record that is lost: nothing is settled there again.
  const again = exampleRecord(domain, { previous: second, evidence });
  expect(await room.answer(again, evidence).then(codeOf)).toBe("settlement-overlap");
});

it("begins anew where nothing was ever co-signed", async () => {
  const { room } = lostRoom();
  await room.recover([], await said(null));
  expect(await room.answer(first, evidence).then(codeOf)).toBe("signed");
});

it.each<[string, Parameters<typeof roomOf>[0], () => Promise<CosignedRecord[]>]>([
  ["older than the chain", { pair: { seq: 2, head: recordDigest(domain, second) } }, async () => [await cosigned(first)]],
  ["nothing, where the chain has a record", { pair: { seq: 1, head: recordDigest(domain, first) } }, async () => []],
  ["another record than the chain's", { pair: { seq: 1, head: `0x${"9".repeat(64)}` } }, async () => [await cosigned(first)]],
  [
    "a foreign signature for ours",
    {},
    async () => [await cosigned(first, { home: await signRecord(keyOf("thief"), domain, first) })],
  ],
  [
    "a foreign signature for its own",
    {},
    async () => [await cosigned(first, { other: await signRecord(keyOf("x"), domain, first) })],
  ],
  ["another pair's record", {}, async () => [await cosigned(off({ a: stranger, payer: stranger }))]],
])("takes nothing back and stays held when it gets %s", async (_, change, given) => {
  const { room, stores } = lostRoom(change);
  const records = await given();
  expect(await room.recover(records, await said(records.at(-1)?.record ?? null)).catch(errorCode)).toBe(
    "settlement-head-unproven",
  );
  expect([stores.records.newest(pair), stores.hold.held()?.reason]).toEqual([undefined, "the database was damaged"]);
});

it("does not let the aggregator go back behind what the journal still has", async () => {
  const { room } = roomOf();
  await room.answer(first, evidence);
  const codeFor = async (given: CosignedRecord[]) => room.recover(given, await said(given[0]?.record ?? null)).catch(errorCode);
  const other = exampleRecord(domain, { evidence: exampleEvidence("import", [1, 1, 1, 1]) });
  expect([await codeFor([]), await codeFor([await cosigned(other)])]).toEqual(Array(2).fill("settlement-head-unproven"));
});
