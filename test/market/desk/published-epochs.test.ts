import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { escrowFilling } from "../../../market/desk/escrow-filling.ts";
import { exchangeEpochStore } from "../../../market/store/exchange-epoch-store.ts";
import type { Deposit } from "../../../settlement/chain/chain-client.ts";
import type { Mined } from "../../../settlement/chain/transactor.ts";
import { epochMaker } from "../../../settlement/log/epoch-maker.ts";
import { logFile, logPublisher, type LogPublishing } from "../../../settlement/log/log-publisher.ts";
import { decodeLogData, leavesOf } from "../../../settlement/log/log-data.ts";
import { decodeLogPlace, logFileHash } from "../../../settlement/log/log-place.ts";
import { recordDigest, signRecord } from "../../../settlement/record/record.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { deskRig, domain, exchangeKey, exchangeOwner, tradedDesk } from "./desk-rig.ts";

const mined: Mined = { hash: "0xabc", block: 1, gasUsed: 1n, blobGasUsed: 0n, feeWei: 1n, created: null, logs: [] };

/** An exchange whose two participants have traded, and whose seller has signed its record. */
async function settledTrade() {
  const { rig, roof } = await tradedDesk();
  await rig.at("2026-06-10T11:16:00Z");
  const [proposal] = await rig.talk(roof);
  if (proposal?.kind !== "proposal") throw new Error("nothing was proposed");
  const { record } = proposal;
  const signature = await signRecord(roof.signer, domain, record);
  const digest = recordDigest(domain, record);
  await rig.talk(roof, [{ v: 1, kind: "signed", seq: record.seq, digest, signature }]);
  return { rig, record, digest };
}

/** A chain that keeps commitments. */
function commitments() {
  const kept: { epoch: number; root: string; data: string }[] = [];
  return {
    kept,
    chain: {
      commit: (_by: string, epoch: number, root: string, _count: number, data = "0x") => {
        kept.push({ epoch, root, data });
        return Promise.resolve(mined);
      },
      attachBlobs: () => Promise.resolve(mined),
      epochOf: () => Promise.resolve(kept.length),
      readCommit: (_by: string, epoch: number) => Promise.resolve(kept.find((one) => one.epoch === epoch)) as never,
    },
  };
}

it.each(["digests", "records"] as const)(
  "the exchange publishes %s of an epoch, by a hash that its commitment names, also once the file is lost",
  async (form) => {
    const { rig, record, digest } = await settledTrade();
    const store = exchangeEpochStore(rig.running.db);
    const publishing: LogPublishing = { in: "file", form, folder: join(scratch("log"), "log"), mirrors: [] };
    const publisher = logPublisher({ store, owner: exchangeOwner, publishing });
    const { chain, kept } = commitments();
    const noteSpent = (): Promise<void> => Promise.resolve();
    const epochs = epochMaker({ store, chain, owner: exchangeOwner, publisher, finality: 0, noteSpent, log: silentLog() });
    await epochs.gather(rig.clock.now());
    expect(await store.isCommitted(1)).toBe(false);
    await epochs.commit();
    await epochs.commit();
    expect(await store.isCommitted(1)).toBe(true);
    expect(kept).toHaveLength(1);
    const bytes = readFileSync(logFile(publishing.folder, exchangeOwner, 1));
    expect(decodeLogPlace(kept[0]?.data ?? "")).toEqual({ in: "file", length: bytes.length, hash: logFileHash(bytes) });
    const read = decodeLogData(domain, bytes);
    expect(read.form).toBe(form);
    expect(leavesOf(read)).toContain(digest);
    if (read.form === "records") expect(read.records.map((one) => one.record)).toEqual([record]);
    // What is published of it follows from the database alone.
    const elsewhere = logPublisher({ store, owner: exchangeOwner, publishing: { ...publishing, folder: scratch("other") } });
    expect(Buffer.from(await elsewhere.bytesOf(1)).equals(bytes)).toBe(true);
    // Nothing is put into a second epoch, and final ones go to mirrors.
    await epochs.gather(rig.clock.now());
    expect(await store.newestEpoch()).toBe(1);
    expect(await store.finalAfter(0)).toEqual([1]);
    await store.setMirrored("http://mirror", 1);
    expect(await store.finalAfter(await store.mirrored("http://mirror"))).toEqual([]);
  },
);

it("gives the data of an epoch to whoever asks, and says where there is none", async () => {
  const rig = await deskRig(["roof"]);
  const ask = (path: string) => rig.running.app.request(`/v1/log/${path}`);
  const found = await ask(`${exchangeOwner}/1`);
  expect([...new Uint8Array(await found.arrayBuffer())]).toEqual([1, 2, 3]);
  expect((await ask(`${exchangeOwner}/2`)).status).toBe(404);
  expect((await ask(`${rig.traders[0]?.owner}/1`)).status).toBe(404);
  expect((await ask("nobody/1")).status).toBe(400);
});

it("fills up its own side of pairs that have too little, as far as the tokens and the day's bound go, once each", async () => {
  const rig = await deskRig(["roof", "car"]);
  const [roof, car] = rig.traders;
  if (!roof || !car) throw new Error("two traders were asked for");
  const deposits: Deposit[] = [];
  const fillUp = escrowFilling({
    owner: exchangeOwner,
    wallet: exchangeKey,
    chain: {
      async pairOf(a: string, b: string) {
        const pair = await rig.chain.pairOf(a, b);
        const paid = deposits.filter((one) => one.a === a && one.b === b).reduce((sum, { amount }) => sum + amount, 0n);
        const mine = { [a === exchangeOwner ? "balanceA" : "balanceB"]: 1000n + paid };
        return { ...pair, ...mine };
      },
      tokenBalanceOf: () => Promise.resolve(10n ** 9n),
      depositMany(batch) {
        deposits.push(...batch);
        return Promise.resolve(mined);
      },
    },
    records: rig.running.records,
    participants: new Map(rig.traders.map(({ owner, name, agreement }) => [owner, { name, agreement }])),
    levels: { below: 5000n, to: 20_000n, mostPerDay: 30_000n },
    noteSpent: () => Promise.resolve(),
    clock: rig.clock,
    log: rig.log,
  });
  await Promise.all([fillUp(roof.owner), fillUp(roof.owner)]);
  expect(deposits.map(({ amount }) => amount)).toEqual([19_000n]);
  await fillUp();
  // The other pair gets what the day has left, and then nothing before tomorrow.
  expect(deposits.map(({ amount }) => amount)).toEqual([19_000n, 11_000n]);
  expect(await rig.running.records.toppedUpSince(rig.clock.now() - 1)).toBe(30_000n);
});
