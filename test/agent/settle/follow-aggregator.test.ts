import { describe, expect, it } from "vitest";
import { hold } from "../../../agent/store/settlement-hold.ts";
import { errorCode } from "../../../core/app-error.ts";
import type { CosignedRecord, RecordWire } from "../../../core/message/settlement-message.ts";
import { newestSigner } from "../../../settlement/record/newest-statement.ts";
import { recordDigest, recordHead, signRecord, zeroHash } from "../../../settlement/record/record.ts";
import { signPossession } from "../../../settlement/record/typed-calls.ts";
import {
  addressOf,
  aggregator,
  bothSign,
  exampleRecord,
  household,
  householdIsA,
  keyOf,
  newestSaid,
} from "../../settlement/fixture.ts";
import { escrowMicro, homeOnChain, hourOf } from "./home-on-chain.ts";

type Home = Awaited<ReturnType<typeof homeOnChain>>;

/** As after a restore from a copy that ends with a record. */
function restored({ db, clock, stores, pair }: Home, copySeq: number): void {
  db.prepare("delete from record where seq > ?").run(copySeq);
  hold(db, "the database was restored from a backup", clock.now());
  expect(stores.records.newest(pair)?.record.seq ?? 0).toBe(copySeq);
}

/** A record as the aggregator shows it. */
async function shown({ domain }: Home, record: RecordWire): Promise<CosignedRecord> {
  const [a, b] = await bothSign(domain, record);
  const [gatewaySignature, aggregatorSignature] = householdIsA ? [a, b] : [b, a];
  const register = record.kind === "import" || record.kind === "export" ? record.kind : "none";
  return { record, evidence: { register, slots: [] }, gatewaySignature, aggregatorSignature };
}

const said = (home: Home, record: RecordWire | null) => newestSaid(home.domain, record, home.clock.now());
/** What comes of it when the aggregator shows these and signs that one is its newest. */
const recover = async (home: Home, records: readonly RecordWire[], newest: RecordWire | null) =>
  home.room
    .recover(await Promise.all(records.map((one) => shown(home, one))), await said(home, newest))
    .then((from) => from ?? "whole", errorCode);

/** Four records of which the copy has the first; then import of an hour and export of two. */
async function afterRestore() {
  const home = await homeOnChain();
  const first = await home.cosigned("import", 0);
  const second = await home.cosigned("import", 1);
  const third = await home.cosigned("export", 0);
  const fourth = await home.cosigned("export", 1);
  restored(home, 1);
  return { home, all: [first, second, third, fourth], first, second, third, fourth };
}

it("takes no record whose predecessors are not shown: an import hidden between would be billed again", async () => {
  const { home, all, second, third, fourth } = await afterRestore();
  const lifted = () => home.stores.hold.held() === null;
  expect([await recover(home, [third, fourth], fourth), lifted()]).toEqual(["settlement-head-unproven", false]);
  expect([await recover(home, [fourth], fourth), lifted()]).toEqual(["settlement-head-unproven", false]);
  expect([await recover(home, [], fourth), lifted()]).toEqual(["settlement-head-unproven", false]);
  // A piece that was made for the gap.
  const forged = { ...third, seq: 2, prev: second.prev };
  expect([await recover(home, [forged, fourth], fourth), lifted()]).toEqual(["settlement-head-unproven", false]);
  expect(home.stores.records.newest(home.pair)?.record.seq).toBe(1);
  expect([await recover(home, all.slice(1), fourth), lifted()]).toEqual(["whole", true]);
  const again = exampleRecord(home.domain, { previous: fourth, startS: 3600, evidence: hourOf("import", 1) });
  expect(await home.sign(again)).toBe("settlement-overlap");
  const next = exampleRecord(home.domain, { previous: fourth, startS: 7200, evidence: hourOf("import", 2) });
  expect(await home.sign(next)).toBe("signed");
});

it("comes back piece by piece, keeps each, and says from where on it needs more", async () => {
  const { home, first, second, third, fourth } = await afterRestore();
  const next = exampleRecord(home.domain, { previous: fourth, startS: 7200, evidence: hourOf("import", 2) });
  const answer = await home.room.answer(next, hourOf("import", 2));
  expect(answer).toMatchObject({ code: "settlement-journal-behind", own: { from: 2 } });
  expect(await recover(home, [first, second], fourth)).toBe(3);
  expect([await home.sign(next), home.stores.records.newest(home.pair)?.record.seq]).toEqual(["settlement-journal-behind", 2]);
  // What is there already does no harm.
  expect(await recover(home, [second, third], fourth)).toBe(4);
  expect(await recover(home, [fourth], fourth)).toBe("whole");
  expect(await home.sign(next)).toBe("signed");
});

it("goes on over what was published on chain in between, and past what it has signed alone", async () => {
  const home = await homeOnChain();
  const first = await home.cosigned("import", 0);
  const second = await home.cosigned("import", 1);
  const third = await home.cosigned("export", 0);
  const fourth = home.next("export", 1);
  expect(await home.sign(fourth)).toBe("signed");
  // Of the last the copy has the own signature alone.
  home.db.exec("delete from record where seq in (2, 3)");
  hold(home.db, "the database was restored from a backup", home.clock.now());
  await home.market.funder.publish(third, ...(await bothSign(home.domain, third)));
  // The aggregator has signed the last since.
  expect(await recover(home, [second], third)).toBe("settlement-head-unproven");
  expect(await recover(home, [second, third, fourth], fourth)).toBe("whole");
  expect(home.stores.records.at(home.pair, 4)?.otherSignature).not.toBeNull();
  expect(home.stores.records.cosignedUpTo(home.pair)).toBe(4);
  expect(first.seq).toBe(1);
});

it("goes by no word but the aggregator's own, said just now", async () => {
  const { home, all, fourth } = await afterRestore();
  const records = await Promise.all(all.slice(1).map((one) => shown(home, one)));
  const { domain, clock } = home;
  const words = [
    undefined,
    await newestSaid(domain, fourth, clock.now(), keyOf("thief")),
    await newestSaid(domain, fourth, clock.now(), household.signer),
    await newestSaid({ ...domain, chainId: 1 }, fourth, clock.now()),
    await newestSaid(domain, fourth, clock.now() - 2 * 3_600_000),
    await newestSaid(domain, fourth, clock.now() + 3_600_000),
    { ...(await said(home, fourth)), digest: zeroHash },
    { ...(await said(home, fourth)), signature: `0x${"0".repeat(130)}` },
  ];
  for (const word of words)
    expect(await home.room.recover(records, word).then(String, errorCode)).toMatch(/^settlement-(head-unproven|bad-signature)$/);
  expect([home.stores.records.newest(home.pair)?.record.seq, home.stores.hold.held() === null]).toEqual([1, false]);
});

it("takes back what was signed with keys that have been rotated out since, under a revoked one only what a good one vouches for", async () => {
  const home = await homeOnChain();
  const { market, domain } = home;
  const [older, newer] = [keyOf("older signer"), keyOf("newer signer")];
  const owner = await market.clientOf(household.cold.privateKey);
  const first = await home.cosigned("import", 0);
  const second = exampleRecord(domain, { previous: first, kind: "export", evidence: hourOf("export", 0) });
  const third = exampleRecord(domain, { previous: second, startS: 3600, evidence: hourOf("import", 1) });
  for (const key of [older, newer]) await owner.rotate(addressOf(key), await signPossession(key, domain, household.owner));
  restored(home, 0);
  const by = async (record: RecordWire, key: string) => ({
    ...(await shown(home, record)),
    gatewaySignature: await signRecord(keyOf(key), domain, record),
  });
  const before = await shown(home, first);
  const recovered = async (records: CosignedRecord[], newest: RecordWire) =>
    home.room.recover(records, await said(home, newest)).then((from) => from ?? "whole", errorCode);
  expect(await recovered([before, await by(second, "thief")], second)).toBe("settlement-head-unproven");
  expect(await recovered([before, await by(second, "older signer")], third)).toBe(3);
  // The newest key is revoked, and another takes its place.
  await owner.revoke(addressOf(newer));
  const last = keyOf("last signer");
  await owner.rotate(addressOf(last), await signPossession(last, domain, household.owner));
  expect(await recovered([await by(third, "newer signer")], third)).toBe("settlement-head-unproven");
  const fourth = exampleRecord(domain, { previous: third, kind: "export", startS: 3600, evidence: hourOf("export", 1) });
  expect(await recovered([await by(third, "newer signer"), await by(fourth, "last signer")], fourth)).toBe("whole");
});

describe("an aggregator that says of an old record that it is its newest", () => {
  let home: Home;
  let first: RecordWire;
  let hiddenOne: RecordWire;
  let ours: RecordWire;
  const begin = async () => {
    home = await homeOnChain();
    first = await home.cosigned("import", 0);
    hiddenOne = await home.cosigned("import", 1);
    restored(home, 1);
    expect(await recover(home, [], first)).toBe("whole");
    // The same hour again, under the same number.
    ours = exampleRecord(home.domain, {
      previous: first,
      startS: 3600,
      evidence: hourOf("import", 1),
      salt: `0x${"5".repeat(64)}`,
    });
    expect(await home.sign(ours)).toBe("signed");
    await home.countersign(ours);
  };
  const settle = async (record: RecordWire) =>
    home.market.funder.settle(recordHead(record), ...(await bothSign(home.domain, record))).then(() => "paid", errorCode);

  it("is paid for one history and never for both", async () => {
    await begin();
    const third = exampleRecord(home.domain, { previous: ours, kind: "export", evidence: hourOf("export", 0) });
    expect(await home.sign(third)).toBe("signed");
    const owed = (record: RecordWire) => BigInt(householdIsA ? record.cumA : record.cumB);
    expect(owed(ours)).toBe(owed(hiddenOne));
    expect(await settle(hiddenOne)).toBe("paid");
    expect(await home.money()).toBe(escrowMicro - owed(hiddenOne));
    expect(await settle(ours)).toBe("settlement-stale-seq");
    const earned = BigInt(householdIsA ? third.cumB : third.cumA);
    expect(await settle(third)).toBe("paid");
    expect(await home.money()).toBe(escrowMicro - owed(ours) + earned);
  });

  it("is found out when the chain has the other body, and its word is the proof", async () => {
    await begin();
    expect(home.room.hidden()).toBeUndefined();
    expect(await settle(hiddenOne)).toBe("paid");
    const third = exampleRecord(home.domain, { previous: ours, kind: "export", evidence: hourOf("export", 0) });
    expect(await home.sign(third)).toBe("settlement-record-hidden");
    const digest = recordDigest(home.domain, hiddenOne);
    expect(home.room.hidden()).toEqual({ seq: 2, digest });
    const [statement] = home.stores.statements.all(home.pair);
    if (!statement) expect.fail("no statement");
    expect(newestSigner(home.domain, home.agreement, statement)).toBe(addressOf(aggregator.signer));
    expect(statement).toMatchObject({
      seq: 1,
      digest: recordDigest(home.domain, first),
      hidden: { seq: 2, digest, proof: null },
    });
  });

  it("is found out when it shows what it hid", async () => {
    await begin();
    expect(await recover(home, [hiddenOne], hiddenOne)).toBe("settlement-record-hidden");
    const [statement] = home.stores.statements.all(home.pair);
    expect(statement?.hidden?.proof).toEqual(await shown(home, hiddenOne));
    expect(home.stores.records.at(home.pair, 2)?.record).toEqual(ours);
  });
});

it("accuses nobody of a second body where nobody had said that there is none", async () => {
  const home = await homeOnChain();
  const first = await home.cosigned("import", 0);
  const other = exampleRecord(home.domain, { evidence: hourOf("import", 0), salt: `0x${"5".repeat(64)}` });
  expect(await recover(home, [other], other)).toBe("settlement-head-unproven");
  await home.market.funder.settle(recordHead(other), ...(await bothSign(home.domain, other)));
  const second = exampleRecord(home.domain, { previous: first, startS: 3600, evidence: hourOf("import", 1) });
  expect([await home.sign(second), home.room.hidden()]).toEqual(["settlement-journal-behind", undefined]);
});
