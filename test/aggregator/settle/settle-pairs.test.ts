import { expect, it, vi } from "vitest";
import { settlePairsOf } from "./pairs.ts";
import { settleLeaving } from "../../../aggregator/settle/settle-leaving.ts";
import { errorCode } from "../../../core/app-error.ts";
import { chainClient } from "../../../settlement/chain/chain-client.ts";
import * as parties from "../../settlement/fixture.ts";
import { fund } from "../../settlement/market.ts";
import { chainRoom, site } from "./chain-room.ts";

const { household, partyA, partyB } = parties;
vi.setConfig({ testTimeout: 60_000 });
const credit = 10n ** 9n;

it("queues what the chain does not take once, tries it with each epoch, and closes it when it is paid", async () => {
  const room = await chainRoom({ settleMs: 30 * 86_400_000 });
  await room.addCosigned();
  await room.toTheDayAfter();
  await room.work.settler.settle([site]);
  await room.work.settler.settle([site]);
  const queue = await room.store.disputes({ open: true, limit: 10 });
  expect(queue).toMatchObject([
    { site, seq: 1, source: "chain", code: "settlement-insufficient-escrow", record: { seq: 1 }, resolution: null },
  ]);
  expect(room.codes()).toEqual(["settlement-insufficient-escrow", "settlement-insufficient-escrow"]);
  await fund(room.market, household.owner, credit);
  await room.epoch();
  expect(await room.settledSeq()).toBe(1);
  expect(await room.store.disputes({ open: true, limit: 10 })).toEqual([]);
  expect(await room.store.disputeOf(queue[0]?.id ?? 0)).toMatchObject({ resolution: "settled" });
});

it("pays what is there where that is configured, and leaves the rest open", async () => {
  const room = await chainRoom({ partial: true });
  const { record } = await room.addCosigned();
  await room.toTheDayAfter();
  await fund(room.market, household.owner, 1000n);
  await room.epoch();
  const pair = await room.chain.pairOf(partyA.owner, partyB.owner);
  expect([pair.seq, pair.balanceA + pair.balanceB]).toEqual([1, 1000n]);
  expect(parties.householdIsA ? pair.open : -pair.open).toBe(BigInt(record.amount) - 1000n);
  expect(room.log.lines).toMatchObject([{ level: "warn", message: "settled as far as the escrow goes; the rest is open" }]);
  expect(await room.store.disputes({ open: true, limit: 10 })).toEqual([]);
});

it("settles up to the newest record that both have signed while a later one waits or is disputed", async () => {
  const room = await chainRoom();
  await fund(room.market, household.owner, credit);
  await room.addCosigned();
  await room.addCosigned();
  await room.store.updateRecord(site, 2, { state: "disputed" });
  await room.toTheDayAfter();
  await room.epoch();
  expect(await room.settledSeq()).toBe(1);
  expect((await room.store.recordAt(site, 2))?.epoch).toBeNull();
});

it("settles a home at once that has announced to take its money out, and no other", async () => {
  const room = await chainRoom({ settleMs: 30 * 86_400_000 });
  const { store, chain, owner, agreements, log } = room;
  const { settler } = room.work;
  const look = () => settleLeaving({ store, chain, owner, agreements, settler, log });
  await fund(room.market, household.owner, credit);
  const { record } = await room.addCosigned();
  await room.toTheDayAfter();
  await look();
  expect(await room.settledSeq()).toBe(0);
  const own = await room.market.clientOf(household.cold.privateKey);
  await own.requestWithdraw(partyA.owner, partyB.owner, credit);
  await look();
  expect(await room.settledSeq()).toBe(1);
  // Without it the money would be gone before the month's settlement is sure to have come.
  await room.market.warpTo(parties.midnightS + 33 * 86_400);
  await own.executeWithdraw(partyA.owner, partyB.owner);
  const pair = await room.chain.pairOf(partyA.owner, partyB.owner);
  expect(pair.balanceA + pair.balanceB).toBe(BigInt(record.amount));
  await look();
  expect(room.codes()).toEqual([undefined]);
});

it("takes a record that somebody else has settled for settled", async () => {
  const room = await chainRoom();
  await fund(room.market, household.owner, credit);
  await room.addCosigned();
  await room.toTheDayAfter();
  // The home is faster, between our look at the chain and our transaction.
  const work = room.through({
    async previewSettleMany(records) {
      await room.market.funder.settleMany(records);
      return room.chain.previewSettleMany(records);
    },
    settleMany: () => expect.fail("sent for nothing"),
  });
  await work.settler.settle([site]);
  expect([await room.settledSeq(), await room.store.disputes({ open: true, limit: 10 })]).toEqual([1, []]);
  expect(room.log.lines).toEqual([]);
});

it("settles each record by itself, in order, from where the chain is, and stops where it takes no more", async () => {
  const room = await chainRoom({ settleMs: null });
  const one = await room.addCosigned();
  const two = await room.addCosigned();
  await room.addCosigned();
  await room.toTheDayAfter();
  await fund(room.market, household.owner, BigInt(one.record.amount) + BigInt(two.record.amount));
  await room.work.settler.settleEach(site);
  expect(await room.settledSeq()).toBe(2);
  expect((await room.store.spent({ fromMs: 0, toMs: 1e15, limit: 9 })).map(({ what, records }) => [what, records])).toEqual([
    ["settle", 1],
    ["settle", 1],
  ]);
  expect(await room.store.unsettledSites()).toEqual([site]);
  await fund(room.market, household.owner, credit);
  await room.work.settler.settleEach(site);
  expect([await room.settledSeq(), await room.store.unsettledSites()]).toEqual([3, []]);
});

it("settles each record once, whatever is lost on the way", async () => {
  const room = await chainRoom({ settleMs: null });
  await fund(room.market, household.owner, credit);
  await room.addCosigned();
  await room.addCosigned();
  await room.toTheDayAfter();
  const lost = room.through({
    async settle(...args) {
      await room.chain.settle(...args);
      throw new Error("killed");
    },
  });
  await expect(lost.settler.settleEach(site)).rejects.toThrow("killed");
  await room.restart();
  await room.work.settler.settleEach(site);
  expect(await room.settledSeq()).toBe(2);
  const away = chainClient({ rpcUrl: "http://127.0.0.1:9", chainId: room.chain.chainId, contract: room.chain.contract });
  expect(await room.through(away).settler.settleEach(site).catch(errorCode)).toBe("chain-unreachable");
  away.close();
});

it("settles many pairs in batches; one that fails holds up no other", async () => {
  const { room, sites } = await settlePairsOf(103);
  const sent: number[] = [];
  const work = room.through({
    async settleMany(records) {
      sent.push(records.length);
      return room.chain.settleMany(records);
    },
  });
  await work.settler.settle(sites);
  // The first pair has no escrow.
  expect(sent).toEqual([99, 3]);
  expect(await room.store.disputes({ open: true, limit: 10 })).toMatchObject([
    { site: sites[0], code: "settlement-insufficient-escrow" },
  ]);
  const spent = await room.store.spent({ fromMs: 0, toMs: 1e15, limit: 9 });
  expect(spent.reduce((sum, { records }) => sum + records, 0)).toBe(102);
}, 120_000);
