import { expect, it, vi } from "vitest";
import { makeBundle } from "../../../aggregator/settle/make-bundle.ts";
import { AppError } from "../../../core/app-error.ts";
import { chainClient } from "../../../settlement/chain/chain-client.ts";
import { pricesHash } from "../../../settlement/record/reference-hash.ts";
import { overallVerdict } from "../../../settlement/verify/verdict.ts";
import { verifyBundle } from "../../../settlement/verify/verify.ts";
import * as parties from "../../settlement/fixture.ts";
import { fund } from "../../settlement/market.ts";
import { chainRoom } from "./chain-room.ts";

const { aggregator, household, midnightS, partyA, partyB } = parties;
vi.setConfig({ testTimeout: 60_000 });
const credit = 10n ** 9n;

it("commits one root over all records and pays by the newest, and does neither twice", async () => {
  const room = await chainRoom();
  const { store, chain, owner } = room;
  await fund(room.market, household.owner, credit);
  const [first, second] = [await room.addCosigned(), await room.addCosigned()];
  await room.toTheDayAfter();
  await room.work.tick();
  expect(await store.newestEpoch()).toBe(0);
  await room.epoch();
  const [epoch] = await store.epochs();
  expect(epoch).toMatchObject({ epoch: 1, digests: [first.digest, second.digest], final: true });
  expect(await chain.readCommit(owner, 1)).toMatchObject({ root: epoch?.root, count: 2 });
  const pair = await chain.pairOf(partyA.owner, partyB.owner);
  const owed = BigInt(first.record.amount) + BigInt(second.record.amount);
  expect(pair).toMatchObject({ seq: 2, head: second.digest });
  expect(parties.householdIsA ? pair.balanceB : pair.balanceA).toBe(owed);
  await room.epoch();
  expect(await store.newestEpoch()).toBe(1);
  await room.addCosigned();
  await room.epoch();
  expect([await store.newestEpoch(), await room.settledSeq()]).toEqual([2, 3]);
  expect(room.log.lines).toEqual([]);
});

it("keeps what its transactions have cost, and how many records each was for", async () => {
  const room = await chainRoom();
  await fund(room.market, household.owner, credit);
  await room.addCosigned();
  await room.addCosigned();
  await room.toTheDayAfter();
  await room.epoch();
  const spent = await room.store.spent({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, limit: 10 });
  const whatFor = new Map(spent.map(({ what, records }) => [what, records]));
  expect(whatFor).toEqual(
    new Map([
      ["commit", 2],
      ["settleMany", 2],
    ]),
  );
  for (const { hash, gas, feeWei, block, blobGas } of spent) {
    const receipt = await room.market.provider.getTransactionReceipt(hash);
    expect([gas, feeWei, block, blobGas]).toEqual([receipt?.gasUsed, receipt?.fee, receipt?.blockNumber, 0n]);
  }
});

it("binds prices by an early epoch before they begin to count, once, and makes bundles in which every check is good", async () => {
  const series = [parties.exampleSeries()];
  const room = await chainRoom({ series });
  const { store, chain, owner } = room;
  // The room's first look has found them: midnight is before the next regular epoch.
  expect(await store.seriesOf(pricesHash(parties.exampleSeries()))).toMatchObject({ epoch: 1 });
  expect((await chain.readCommit(owner, 1))?.time).toBeLessThanOrEqual(midnightS);
  await fund(room.market, household.owner, credit);
  await room.addCosigned();
  const second = await room.addCosigned("export");
  const agreement = await parties.signBoth(room.agreement);
  const context = { agreement, owner, rpc: room.anvil.url };
  expect(await makeBundle(store, { ...second, ownSignature: null }, context)).toBeNull();
  expect(await makeBundle(store, second, context)).toMatchObject({ inclusion: null, previous: { seq: 1 } });
  await room.toTheDayAfter();
  await room.epoch();
  expect(await store.newestEpoch()).toBe(2);
  for (const seq of [1, 2]) {
    const stored = await store.recordAt("gw-4711", seq);
    const bundle = stored && (await makeBundle(store, stored, context));
    const findings = await verifyBundle(JSON.parse(JSON.stringify(bundle)), chain);
    expect(findings.filter(({ verdict }) => verdict !== "good")).toEqual([]);
    expect(overallVerdict(findings)).toBe("good");
  }
});

it("waits with prices that begin after the next regular epoch, and binds those that are announced later", async () => {
  const tomorrow = parties.exampleSeries({ start: parties.after(86_400) });
  const announced = [tomorrow];
  const room = await chainRoom({ series: announced });
  expect(await room.store.newestEpoch()).toBe(0);
  await room.epoch();
  expect(await room.store.seriesOf(pricesHash(tomorrow))).toMatchObject({ epoch: 1 });
  const sooner = parties.exampleSeries({ start: parties.after(2 * 3600) });
  announced.push(sooner, parties.exampleSeries({ start: parties.after(-86_400) }));
  await room.work.tick();
  expect(await room.store.seriesOf(pricesHash(sooner))).toMatchObject({ epoch: 2 });
  await room.epoch();
  // What has ended binds nobody any more.
  expect(await room.store.newestEpoch()).toBe(2);
});

it("commits an epoch that was stored before a crash, the same one", async () => {
  const room = await chainRoom();
  await room.addCosigned();
  await room.toTheDayAfter();
  await room.epoch(room.through({ commit: () => Promise.reject(new Error("killed")) }));
  const [before] = await room.store.epochs();
  expect(before).toMatchObject({ epoch: 1, committedTx: null });
  await room.restart();
  await room.addCosigned();
  await room.work.tick();
  expect((await room.chain.readCommit(room.owner, 1))?.root).toBe(before?.root);
  await room.epoch();
  expect((await room.store.epochs()).map(({ epoch }) => epoch)).toEqual([1, 2]);
  expect(await room.chain.epochOf(room.owner)).toBe(2);
});

it("finds a commit and a settlement on chain whose answers were lost, and sends neither twice", async () => {
  const room = await chainRoom();
  const { chain } = room;
  await fund(room.market, household.owner, credit);
  await room.addCosigned();
  await room.toTheDayAfter();
  await room.epoch(
    room.through({
      async commit(...args) {
        await chain.commit(...args);
        throw new Error("connection lost");
      },
      async settleMany(...args) {
        await chain.settleMany(...args);
        throw new Error("connection lost");
      },
    }),
  );
  expect([await room.store.unfinishedEpochs(), await room.settledSeq()]).toMatchObject([[{ committedTx: null }], 1]);
  await room.restart();
  await room.epoch(room.through({ commit: () => expect.fail("sent twice"), settleMany: () => expect.fail("sent twice") }));
  expect(await room.store.epochs()).toMatchObject([{ committedTx: "found on chain", final: true }]);
});

it("commits again what a reorganisation of the chain has undone", async () => {
  const room = await chainRoom({ finality: 3, settleMs: null });
  await room.addCosigned();
  await room.toTheDayAfter();
  const snapshot: unknown = await room.market.provider.send("evm_snapshot", []);
  await room.epoch();
  const [before] = await room.store.epochs();
  expect(before).toMatchObject({ committedTx: expect.stringMatching(/^0x/), final: false });
  await room.market.provider.send("evm_revert", [snapshot]);
  expect(await room.chain.epochOf(room.owner)).toBe(0);
  await room.work.tick();
  expect((await room.chain.readCommit(room.owner, 1))?.root).toBe(before?.root);
  expect(room.log.lines).toMatchObject([{ level: "warn", message: "epoch is on the chain no more, committed again" }]);
  expect((await room.store.epochAt(1))?.final).toBe(false);
  await room.market.provider.send("anvil_mine", ["0x3"]);
  await room.work.tick();
  expect((await room.store.epochAt(1))?.final).toBe(true);
  expect(await room.store.newestEpoch()).toBe(1);
});

it("commits again what the chain had called final and has lost, before what follows", async () => {
  const room = await chainRoom({ settleMs: null });
  await room.addCosigned();
  await room.toTheDayAfter();
  const snapshot: unknown = await room.market.provider.send("evm_snapshot", []);
  await room.epoch();
  expect(await room.store.epochs()).toMatchObject([{ final: true }]);
  await room.market.provider.send("evm_revert", [snapshot]);
  await room.addCosigned();
  await room.epoch();
  const roots = (await room.store.epochs()).map(({ root }) => root);
  const onChain = await Promise.all([1, 2].map(async (epoch) => (await room.chain.readCommit(room.owner, epoch))?.root));
  expect(onChain).toEqual(roots);
  expect(room.log.lines.map(({ level }) => level)).toEqual(["error", "warn"]);
});

it("takes an epoch for final when the chain says so, and not while that block is older than the contract", async () => {
  const room = await chainRoom({ finality: "finalized", settleMs: null });
  await room.addCosigned();
  await room.toTheDayAfter();
  await room.epoch();
  expect((await room.store.epochAt(1))?.final).toBe(false);
  await room.market.provider.send("anvil_mine", ["0x80"]);
  await room.work.tick();
  expect((await room.store.epochAt(1))?.final).toBe(true);
  expect(room.log.lines).toEqual([]);
});

it("stops at an epoch of which the chain holds another root, and goes on settling", async () => {
  const room = await chainRoom();
  await fund(room.market, household.owner, credit);
  await room.addCosigned();
  await room.toTheDayAfter();
  await room.chain.commit(room.owner, 1, `0x${"77".repeat(32)}`, 1, "0x");
  await room.epoch();
  expect(room.codes()).toEqual(["epoch-conflict"]);
  expect(await room.store.epochs()).toMatchObject([{ committedTx: null }]);
  expect(await room.settledSeq()).toBe(1);
});

it("tries again what it could not do while the chain was away", async () => {
  const room = await chainRoom();
  const { chain } = room;
  await fund(room.market, household.owner, credit);
  await room.addCosigned();
  await room.toTheDayAfter();
  const away = chainClient({
    rpcUrl: "http://127.0.0.1:9",
    chainId: chain.chainId,
    contract: chain.contract,
    privateKey: aggregator.signer.privateKey,
  });
  const work = room.through(away);
  await room.epoch(work);
  expect(room.codes()).toEqual(["chain-unreachable", "chain-unreachable"]);
  away.close();
  Object.assign(away, chain);
  await room.restart();
  await room.epoch();
  expect(await room.store.epochs()).toMatchObject([{ epoch: 1, committedTx: expect.stringMatching(/^0x/) }]);
  expect(await room.settledSeq()).toBe(1);
});

it("settles by the calendar, whatever restarts come between", async () => {
  const dayMs = 86_400_000;
  const room = await chainRoom({ settleMs: 2 * dayMs });
  await fund(room.market, household.owner, credit);
  await room.addCosigned();
  await room.toTheDayAfter();
  await room.epoch();
  await room.restart();
  await room.clock.advance(dayMs);
  await room.work.tick();
  expect([await room.settledSeq(), await room.chain.epochOf(room.owner)]).toEqual([0, 1]);
  await room.clock.advance(dayMs);
  await room.work.tick();
  expect(await room.settledSeq()).toBe(1);
});

it("does one round at a time", async () => {
  const room = await chainRoom();
  const commit = vi.fn<typeof room.chain.commit>(() => Promise.reject(new AppError("chain-unreachable", "away")));
  await room.addCosigned();
  const work = room.through({ commit });
  await room.clock.advance(3_600_000);
  await Promise.all([work.tick(), work.tick(), work.tick()]);
  expect(commit).toHaveBeenCalledTimes(1);
});
