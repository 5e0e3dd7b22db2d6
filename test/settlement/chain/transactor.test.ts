import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Transaction, Wallet } from "ethers";
import { afterEach, expect, it } from "vitest";
import { chainProvider } from "../../../settlement/chain/chain-provider.ts";
import { fileJournal } from "../../../settlement/chain/file-journal.ts";
import { sealBlobs } from "../../../settlement/log/kzg.ts";
import { memoryJournal, type TransactionJournal } from "../../../settlement/chain/transaction-journal.ts";
import { type Transactor, transactor, type TransactorOptions } from "../../../settlement/chain/transactor.ts";
import { type Anvil, anvilChainId, anvilKeys, startAnvil } from "../../fake/anvil.ts";
import { startRpcProxy } from "../../fake/rpc-proxy.ts";
import { scratch } from "../../fake/scratch.ts";
import { until } from "../../fake/until.ts";

const [key] = anvilKeys;
const from = new Wallet(key).address;
const to = `0x${"77".repeat(20)}`;
/** A transaction that does nothing but cost a nonce. */
const call = { what: "test", to, data: "0x" };
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A node, what it is asked directly, and transactors that send through it or through something before it. */
async function rig(args: string[] = []) {
  const anvil = await startAnvil({ args });
  closing.push(() => anvil.stop());
  return { anvil, ...beside(anvil) };
}

function beside(anvil: Anvil) {
  const node = chainProvider(anvil.url, anvilChainId);
  closing.push(() => node.destroy());
  const ask = (method: string, params: unknown[] = []): Promise<unknown> => node.send(method, params);
  const sender = (options: TransactorOptions = {}, url = anvil.url, privateKey: string = key): Transactor => {
    const provider = chainProvider(url, anvilChainId);
    const stopping = new AbortController();
    closing.push(() => {
      stopping.abort();
      provider.destroy();
    });
    return transactor(provider, privateKey, { pollMs: 5, signal: stopping.signal, ...options });
  };
  /** What waits in the node's pool, by nonce. */
  const pool = async (): Promise<Record<string, { hash: string; maxFeePerGas: string }>> => {
    const { pending } = (await ask("txpool_content")) as {
      pending: Record<string, Record<string, { hash: string; maxFeePerGas: string }>>;
    };
    return Object.entries(pending).find(([address]) => address.toLowerCase() === from.toLowerCase())?.[1] ?? {};
  };
  const waiting = async (): Promise<number> => Object.keys(await pool()).length;
  const mined = (): Promise<number> => node.getTransactionCount(from, "latest");
  return { node, ask, sender, pool, waiting, mined };
}

it("replaces a stuck transaction by the same with a higher fee, again and again, so often and no more", async () => {
  const { ask, sender, pool, mined, node } = await rig(["--no-mining"]);
  const sent = sender({ stuckAfterMs: 40, maxReplacements: 3 }).send(call);
  const offers: bigint[] = [];
  await until("it was replaced three times", async () => {
    const offer = BigInt((await pool())[0]?.maxFeePerGas ?? 0);
    if (offer > 0n && offer !== offers.at(-1)) offers.push(offer);
    return offers.length === 4;
  });
  for (const [index, offer] of offers.slice(1).entries()) expect(offer * 8n).toBeGreaterThan((offers[index] ?? 0n) * 9n);
  await ask("evm_mine");
  const { hash } = await sent;
  expect((await node.getTransaction(hash))?.maxFeePerGas).toBe(offers.at(-1));
  expect(await mined()).toBe(1);
});

it("finds the first offer where a block took that one after all", async () => {
  const { ask, sender, pool, mined, node } = await rig(["--no-mining"]);
  const kept = memoryJournal();
  const sent = sender({ stuckAfterMs: 40, maxReplacements: 1, journal: kept }).send(call);
  await until("it was signed", () => kept.read().length === 1);
  const first = kept.read()[0]?.raw ?? "";
  await until("it was replaced", () => kept.read()[0]?.hashes.length === 2);
  await until("the pool has the second", async () => (await pool())[0]?.hash === kept.read()[0]?.hashes[1]);
  await ask("anvil_dropTransaction", [kept.read()[0]?.hashes[1]]);
  await ask("eth_sendRawTransaction", [first]);
  await ask("evm_mine");
  expect((await sent).hash).toBe(Transaction.from(first).hash);
  expect(await mined()).toBe(1);
  expect(await node.getTransactionReceipt((await sent).hash)).not.toBeNull();
});

it("offers no more than its limit, and sends nothing where the market asks for more", async () => {
  const { ask, sender, pool, waiting } = await rig(["--no-mining", "--base-fee", "1000000000"]);
  const limit = 3_200_000_000n;
  const sent = sender({ stuckAfterMs: 20, maxFeePerGas: limit }).send(call);
  await until("it waits", async () => (await waiting()) === 1);
  for (let poll = 0; poll < 20; poll++) expect(BigInt((await pool())[0]?.maxFeePerGas ?? 0)).toBeLessThanOrEqual(limit);
  await ask("evm_mine");
  await sent;
  await expect(sender({ maxFeePerGas: 10n }).send(call)).rejects.toMatchObject({ code: "chain-fee-limit", temporary: true });
  expect(await waiting()).toBe(0);
});

it("sends a transaction again that the node has dropped", async () => {
  const { ask, sender, pool, waiting, mined } = await rig(["--no-mining"]);
  const sent = sender().send(call);
  await until("it waits", async () => (await waiting()) === 1);
  const hash = (await pool())[0]?.hash;
  await ask("anvil_dropTransaction", [hash]);
  await until("it waits again", async () => (await waiting()) === 1);
  await ask("evm_mine");
  expect((await sent).hash).toBe(hash);
  expect(await mined()).toBe(1);
});

it("waits for so many blocks, and sends it again where the chain loses the block that had it", async () => {
  const { ask, sender, node, mined } = await rig();
  await ask("anvil_mine", ["0x5"]);
  const sent = sender({ confirmations: 3 }).send(call);
  await until("a block has it", async () => (await mined()) === 1);
  // What stood in the block is neither on the chain nor in the pool now.
  await ask("anvil_setAutomine", [false]).catch(() => ask("evm_setAutomine", [false]));
  await ask("anvil_rollback", [1]);
  expect(await mined()).toBe(0);
  await until("it waits in the pool", async () => (await node.getTransactionCount(from, "pending")) === 1);
  await ask("anvil_mine", ["0x1"]);
  const place = await node.getBlockNumber();
  let done = false;
  void sent.then(() => (done = true));
  await ask("anvil_mine", ["0x1"]);
  expect(done).toBe(false);
  await ask("anvil_mine", ["0x1"]);
  expect((await sent).block).toBe(place);
  expect(await mined()).toBe(1);
});

it("waits until a block cannot be undone, where the chain says which", async () => {
  const { ask, sender, node } = await rig(["--slots-in-an-epoch", "1"]);
  let block = 0;
  const sent = sender({ confirmations: "finalized" })
    .send(call)
    .then((mined) => (block = mined.block));
  await until("it is final", async () => {
    await ask("evm_mine");
    return block > 0;
  });
  await sent;
  expect((await node.getBlock("finalized"))?.number).toBeGreaterThanOrEqual(block);
});

it("goes on over a restart of the node that has lost what waited", { timeout: 60_000 }, async () => {
  const state = ["--no-mining", "--state", join(scratch("chain"), "state.json")];
  const first = await startAnvil({ args: state });
  const { sender, waiting } = beside(first);
  const sent = sender().send(call);
  await until("it waits", async () => (await waiting()) === 1);
  await first.stop();
  const second = await startAnvil({ args: state, port: Number(new URL(first.url).port) });
  closing.push(() => second.stop());
  const again = beside(second);
  await until("it waits again", async () => (await again.waiting()) === 1, 20_000);
  await again.ask("evm_mine");
  await sent;
  expect(await again.mined()).toBe(1);
});

it.each(["request", "answer"] as const)(
  "sends nothing twice after a crash between signing and sending (the node never answered; lost was the %s)",
  async (lost) => {
    const { anvil, ask, sender, mined, node } = await rig(["--no-mining"]);
    const proxy = await startRpcProxy(anvil.url);
    closing.push(() => proxy.close());
    proxy.lose((method) => (method === "eth_sendRawTransaction" ? lost : null));
    const file = join(scratch("journal"), "on-their-way.json");
    const crashing = new AbortController();
    const sent = sender({ journal: fileJournal(file), signal: crashing.signal }, proxy.url).send(call);
    await until("it was signed", () => fileJournal(file).read().length === 1);
    crashing.abort();
    await expect(sent).rejects.toEqual(code("chain-unreachable"));
    const [signed] = fileJournal(file).read();
    // The next run knows nothing but the journal.
    const next = sender({ journal: fileJournal(file) });
    const resumed = next.resume();
    await until("it waits", async () => (await node.getTransactionCount(from, "pending")) === 1);
    await ask("evm_mine");
    expect(await resumed).toMatchObject([{ what: "test", outcome: { hash: signed?.hashes[0], feeWei: expect.any(BigInt) } }]);
    expect(fileJournal(file).read()).toEqual([]);
    expect(await next.resume()).toEqual([]);
    expect(await mined()).toBe(1);
  },
);

it("gives a node that takes its time to answer a rest before it sends the same again", async () => {
  const { anvil, sender, mined } = await rig();
  const proxy = await startRpcProxy(anvil.url);
  closing.push(() => proxy.close());
  const busyMs = 60;
  const sentAt: number[] = [];
  proxy.lose(async (method) => {
    if (method !== "eth_sendRawTransaction") return null;
    sentAt.push(performance.now());
    await new Promise((resolve) => setTimeout(resolve, busyMs));
    return sentAt.length < 3 ? "request" : null;
  });
  await sender({}, proxy.url).send(call);
  expect(sentAt).toHaveLength(3);
  for (const [index, at] of sentAt.slice(1).entries()) expect(at - (sentAt[index] ?? 0)).toBeGreaterThan(4 * busyMs);
  expect(await mined()).toBe(1);
});

it("sees what was left on its way through before it sends anything else", async () => {
  const { ask, sender, waiting, mined } = await rig(["--no-mining"]);
  const one = sender({ minedWithinMs: 60, stuckAfterMs: 1e9 });
  await expect(one.send(call)).rejects.toMatchObject({ code: "chain-not-mined", temporary: true });
  await expect(one.send(call)).rejects.toMatchObject({ code: "chain-not-mined" });
  expect(await waiting()).toBe(1);
  await ask("evm_setAutomine", [true]);
  await ask("evm_mine");
  await one.send(call);
  expect(await mined()).toBe(2);
});

it("fills the gap that a node with lost blocks leaves, and comes to what it had signed for later", async () => {
  const { sender, mined, node } = await rig();
  const journal = memoryJournal();
  const fees = { maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n };
  const raw = await new Wallet(key).signTransaction({ type: 2, to, nonce: 2, gasLimit: 21_000, chainId: anvilChainId, ...fees });
  const hash = Transaction.from(raw).hash ?? "";
  journal.write([{ what: "signed before", nonce: 2, raw, hashes: [hash] }]);
  const one = sender({ journal });
  expect(await one.resume()).toEqual([]);
  const nonces: (number | undefined)[] = [];
  for (let turn = 0; turn < 3; turn++) nonces.push((await node.getTransaction((await one.send(call)).hash))?.nonce);
  expect(nonces).toEqual([0, 1, 3]);
  expect((await node.getTransactionReceipt(hash))?.status).toBe(1);
  expect([await mined(), journal.read()]).toEqual([4, []]);
});

it("says so where another program has sent with its key, and goes on after that", async () => {
  const { ask, sender, waiting, node, pool } = await rig(["--no-mining"]);
  const one = sender();
  const sent = one.send(call);
  await until("it waits", async () => (await waiting()) === 1);
  await ask("anvil_dropTransaction", [(await pool())[0]?.hash]);
  const fee = 9n * 10n ** 9n;
  const other = {
    to: from,
    nonce: 0,
    gasLimit: 21_000,
    chainId: anvilChainId,
    maxFeePerGas: fee,
    maxPriorityFeePerGas: fee,
    type: 2,
  };
  const foreign = await new Wallet(key).signTransaction(other);
  // Whatever came back into the pool meanwhile is outbid.
  await ask("eth_sendRawTransaction", [foreign]);
  await ask("evm_mine");
  await expect(sent).rejects.toMatchObject({ code: "chain-nonce-taken", temporary: true });
  await ask("evm_setAutomine", [true]);
  expect((await node.getTransaction((await one.send(call)).hash))?.nonce).toBe(1);
});

// Anvil checks the proofs of each blob before it answers, which takes it a while on a busy machine.
it("never lets transactions with and without blobs wait at the same time", { timeout: 240_000 }, async () => {
  const { ask, sender, waiting, mined } = await rig(["--no-mining"]);
  const one = sender({ stuckAfterMs: 1e9 });
  const blobs = await sealBlobs([new Uint8Array(131_072)]);
  const all = [one.send(call), one.send(call), one.send({ ...call, blobs }), one.send(call)];
  for (const [together, after] of [
    [2, 2],
    [1, 3],
    [1, 4],
  ]) {
    await until(`${together} wait`, async () => (await waiting()) === together, 120_000);
    await ask("evm_mine");
    expect(await mined()).toBe(after);
  }
  await Promise.all(all);
});

it(
  "replaces a stuck blob transaction by one that offers twice as much for all, with the same blobs",
  { timeout: 240_000 },
  async () => {
    const { ask, sender, node, mined } = await rig(["--no-mining"]);
    const blobs = await sealBlobs([new Uint8Array(131_072)]);
    const journal = memoryJournal();
    const sent = sender({ stuckAfterMs: 500, maxReplacements: 2, journal }).send({ ...call, blobs });
    await until("it was signed", () => journal.read().length === 1);
    const first = Transaction.from(journal.read()[0]?.raw ?? "");
    await until("it was replaced", () => journal.read()[0]?.hashes.length === 2, 120_000);
    const hash = journal.read()[0]?.hashes[1] ?? "";
    await until("the node has it", async () => (await node.getTransaction(hash)) !== null, 120_000);
    await ask("evm_mine");
    const block = await sent;
    const taken = await node.getTransaction(block.hash);
    expect([block.hash, block.blobGasUsed]).toEqual([hash, 131_072n]);
    expect(taken?.blobVersionedHashes).toEqual(blobs.map(({ versionedHash }) => versionedHash));
    for (const fee of ["maxFeePerGas", "maxPriorityFeePerGas", "maxFeePerBlobGas"] as const)
      expect(taken?.[fee]).toBeGreaterThan((first[fee] ?? 0n) * 2n);
    expect(await mined()).toBe(1);
  },
);

it("pays nothing, and needs no coins, where the chain asks for nothing", async () => {
  const { sender, anvil } = await rig(["--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee"]);
  const penniless = sender({}, anvil.url, Wallet.createRandom().privateKey);
  expect(await penniless.send(call)).toMatchObject({ feeWei: 0n });
});

it("refuses a journal of another key, and one that is damaged", async () => {
  const { sender } = await rig();
  const wallet = Wallet.createRandom();
  const raw = await wallet.signTransaction({ to, nonce: 0, gasLimit: 21_000, chainId: anvilChainId, gasPrice: 1 });
  const journal: TransactionJournal = memoryJournal();
  journal.write([{ what: "foreign", nonce: 0, raw, hashes: [Transaction.from(raw).hash ?? ""] }]);
  await expect(sender({ journal }).send(call)).rejects.toEqual(code("chain-journal-foreign"));
  const file = join(scratch("journal"), "damaged.json");
  writeFileSync(file, "[{]");
  await expect(sender({ journal: fileJournal(file) }).send(call)).rejects.toEqual(code("chain-journal-unreadable"));
  const nowhere = join(scratch("journal"), "missing", "file.json");
  await expect(sender({ journal: fileJournal(nowhere) }).send(call)).rejects.toEqual(code("chain-journal-not-writable"));
});
