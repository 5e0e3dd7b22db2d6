import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { anchor } from "../../../aggregator/settle/anchor.ts";
import { makeBundle } from "../../../aggregator/settle/make-bundle.ts";
import type { AggregatorStore, StoredRecord } from "../../../aggregator/store/aggregator-store.ts";
import { errorCode } from "../../../core/app-error.ts";
import type { RecordWire } from "../../../core/message/settlement-message.ts";
import { chainClient, type ChainClient } from "../../../settlement/chain-client.ts";
import { recordDigest } from "../../../settlement/record.ts";
import { overallVerdict } from "../../../settlement/verdict.ts";
import { verifyBundle } from "../../../settlement/verify.ts";
import { type Anvil, startAnvil } from "../../fake/anvil.ts";
import { silentLog } from "../../fake/silent-log.ts";
import * as parties from "../../settlement/fixture.ts";
import { fund, type Market, openMarket, registerBoth } from "../../settlement/market.ts";
import { scratchStore } from "../rows.ts";

const { aggregator, household, midnightS, partyA, partyB } = parties;
const site = "gw-4711";
vi.setConfig({ testTimeout: 60_000 });

let anvil: Anvil;
let market: Market;
let chain: ChainClient;
/** A chain of its own for each test: its time only goes forward. */
beforeEach(async () => {
  anvil = await startAnvil({ timestamp: midnightS - 86_400 });
  market = await openMarket(anvil);
  await registerBoth(market);
  chain = await market.clientOf(aggregator.signer.privateKey);
});
afterEach(async () => {
  market.close();
  await anvil.stop();
});

async function room() {
  const { store } = await scratchStore();
  const log = silentLog();
  const agreement = parties.exampleAgreement(market.domain);
  const run = (through: ChainClient = chain) =>
    anchor({ store, chain: through, owner: aggregator.owner, agreements: new Map([[site, agreement]]), log }).run();
  return { store, log, run };
}

/** Adds a record that both have signed, the next of the pair. */
async function addCosigned(store: AggregatorStore, kind: "import" | "export" = "import"): Promise<StoredRecord> {
  const newest = await store.newestRecord(site);
  const startS = (newest?.record.seq ?? 0) * 3600;
  const evidence = parties.exampleEvidence(kind, [151, 0, 87, 1203], startS);
  const series = parties.exampleSeries();
  const record: RecordWire = parties.exampleRecord(market.domain, {
    previous: newest?.record ?? null,
    kind,
    evidence,
    series,
    startS,
  });
  const [signatureA, signatureB] = await parties.bothSign(market.domain, record);
  const [gatewaySignature, ownSignature] = parties.householdIsA ? [signatureA, signatureB] : [signatureB, signatureA];
  const stored: StoredRecord = {
    site,
    record,
    digest: recordDigest(market.domain, record),
    evidence,
    prices: series,
    state: "cosigned",
    gatewaySignature,
    ownSignature,
    epoch: null,
  };
  await store.addRecord(stored, { kind, nextMs: Date.parse(record.end) });
  return stored;
}

/** Registration has to lie before the service, the newest block after it. */
const toTheDayAfter = (): Promise<void> => market.warpTo(midnightS + 86_400);
const settledSeq = async (): Promise<number> => (await chain.pairOf(partyA.owner, partyB.owner)).seq;

it("commits one root over all records and pays by the newest", async () => {
  const { store, run, log } = await room();
  await fund(market, household.owner, 10n ** 9n);
  const first = await addCosigned(store);
  const second = await addCosigned(store);
  await toTheDayAfter();
  await run();
  const [epoch] = await store.epochs();
  expect(epoch).toMatchObject({ epoch: 1, digests: [first.digest, second.digest], committedTx: expect.stringMatching(/^0x/) });
  expect(await chain.readCommit(aggregator.owner, 1)).toMatchObject({ root: epoch?.root, count: 2 });
  const pair = await chain.pairOf(partyA.owner, partyB.owner);
  const owed = BigInt(first.record.amount) + BigInt(second.record.amount);
  expect(pair).toMatchObject({ seq: 2, head: second.digest });
  expect(pair.balanceA + pair.balanceB).toBe(10n ** 9n);
  expect(parties.householdIsA ? pair.balanceB : pair.balanceA).toBe(owed);
  await run();
  expect(await store.epochs()).toHaveLength(1);
  await addCosigned(store);
  await run();
  expect([(await store.epochs()).length, await settledSeq()]).toEqual([2, 3]);
  expect(log.lines).toEqual([]);
});

it("commits an epoch that was stored before a crash, the same one", async () => {
  const { store, run } = await room();
  await addCosigned(store);
  await toTheDayAfter();
  const crash = run({ ...chain, commit: () => Promise.reject(new Error("killed")) });
  await expect(crash).rejects.toThrow("killed");
  const [before] = await store.epochs();
  expect(before).toMatchObject({ epoch: 1, committedTx: null });
  await addCosigned(store);
  await run();
  const epochs = await store.epochs();
  expect(epochs.map(({ epoch, root }) => [epoch, root])).toEqual([
    [1, before?.root],
    [2, epochs[1]?.root],
  ]);
  expect((await chain.readCommit(aggregator.owner, 1))?.root).toBe(before?.root);
  expect(await chain.epochOf(aggregator.owner)).toBe(2);
});

it("finds a commit on chain whose answer was lost, and does not send it twice", async () => {
  const { store, run } = await room();
  await addCosigned(store);
  await toTheDayAfter();
  const lost = run({
    ...chain,
    async commit(...args) {
      await chain.commit(...args);
      throw new Error("connection lost");
    },
  });
  await expect(lost).rejects.toThrow("connection lost");
  await run({ ...chain, commit: () => expect.fail("sent twice") });
  expect(await store.epochs()).toMatchObject([{ committedTx: "found on chain" }]);
});

it("stops at an epoch of which the chain holds another root", async () => {
  const { store, run } = await room();
  await addCosigned(store);
  await toTheDayAfter();
  await chain.commit(aggregator.owner, 1, `0x${"77".repeat(32)}`, 1, "0x");
  expect(await run().catch(errorCode)).toBe("epoch-conflict");
  expect(await store.epochs()).toMatchObject([{ committedTx: null }]);
});

it("tries again what it could not do while the chain was away", async () => {
  const { store, run } = await room();
  await fund(market, household.owner, 10n ** 9n);
  await addCosigned(store);
  await toTheDayAfter();
  const away = chainClient({
    rpcUrl: "http://127.0.0.1:9",
    chainId: chain.chainId,
    contract: chain.contract,
    privateKey: aggregator.signer.privateKey,
  });
  expect(await run(away).catch(errorCode)).toBe("chain-unreachable");
  away.close();
  await run();
  expect(await store.epochs()).toMatchObject([{ epoch: 1, committedTx: expect.stringMatching(/^0x/) }]);
  expect(await settledSeq()).toBe(1);
});

it("says that the escrow is short, and settles once it is not", async () => {
  const { store, run, log } = await room();
  await addCosigned(store);
  await toTheDayAfter();
  await run();
  expect(log.lines).toMatchObject([{ level: "warn", fields: { code: "settlement-insufficient-escrow", site, seq: 1 } }]);
  await fund(market, household.owner, 10n ** 9n);
  await run();
  expect(await settledSeq()).toBe(1);
});

it("settles up to the newest record that both have signed while a later one waits", async () => {
  const { store, run } = await room();
  await fund(market, household.owner, 10n ** 9n);
  await addCosigned(store);
  await addCosigned(store);
  await store.updateRecord(site, 2, { state: "proposed" });
  await toTheDayAfter();
  await run();
  expect(await settledSeq()).toBe(1);
  expect((await store.recordAt(site, 2))?.epoch).toBeNull();
});

it("makes a bundle in which every check is good, and none of what is not signed by both", async () => {
  const { store, run } = await room();
  await fund(market, household.owner, 10n ** 9n);
  await addCosigned(store);
  const second = await addCosigned(store, "export");
  const agreement = await parties.signBoth(parties.exampleAgreement(market.domain));
  const context = { agreement, owner: aggregator.owner, rpc: anvil.url };
  expect(await makeBundle(store, { ...second, ownSignature: null }, context)).toBeNull();
  expect(await makeBundle(store, second, context)).toMatchObject({ inclusion: null, previous: { seq: 1 } });
  await toTheDayAfter();
  await run();
  for (const seq of [1, 2]) {
    const stored = await store.recordAt(site, seq);
    const bundle = stored && (await makeBundle(store, stored, context));
    const findings = await verifyBundle(JSON.parse(JSON.stringify(bundle)), chain);
    expect(findings.filter(({ verdict }) => verdict !== "good")).toEqual([]);
    expect(overallVerdict(findings)).toBe("good");
  }
});
