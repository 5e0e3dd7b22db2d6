import { id, type LogDescription } from "ethers";
import { describe, expect, it } from "vitest";
import { buildEpoch } from "../../settlement/log/epoch.ts";
import { chainError, settlementInterface } from "../../settlement/chain/chain-error.ts";
import { recordBody } from "../../settlement/record/record-body.ts";
import { recordDigest, recordHead } from "../../settlement/record/record.ts";
import { sendWithBlobs, versionedHash } from "../fake/blob-transaction.ts";
import { until } from "../fake/until.ts";
import { code, contractRig, day } from "./contract-rig.ts";
import { addressOf, after, aggregator, bothSign, exampleRecord, household, keyOf, midnightS } from "./fixture.ts";
import { registerBoth } from "./market.ts";

const rig = contractRig();

describe("log of records", () => {
  const digests = [id("one"), id("two"), id("three")];
  const epoch = buildEpoch(digests);

  it("keeps one immutable root for each epoch number of a party", async () => {
    await registerBoth(rig.market);
    const client = await rig.market.clientOf(aggregator.signer.privateKey);
    await client.commit(aggregator.owner, 1, epoch.root, epoch.count, "0xabcd");
    const other = buildEpoch([id("four")]);
    await expect(client.commit(aggregator.owner, 1, other.root, 1, "0x")).rejects.toEqual(code("settlement-wrong-epoch"));
    await expect(client.commit(aggregator.owner, 3, other.root, 1, "0x")).rejects.toEqual(code("settlement-wrong-epoch"));
    await client.commit(aggregator.owner, 2, other.root, 1, "0x");
    expect(await client.readCommit(aggregator.owner, 1)).toMatchObject({ root: epoch.root, count: 3 });
    expect(await client.readCommit(aggregator.owner, 3)).toBeUndefined();
    expect(await client.epochOf(aggregator.owner)).toBe(2);
  });

  it("finds every committed record and nothing else", async () => {
    await registerBoth(rig.market);
    const client = await rig.market.clientOf(aggregator.signer.privateKey);
    await client.commit(aggregator.owner, 1, epoch.root, epoch.count, "0x");
    for (const digest of digests) expect(await client.included(aggregator.owner, 1, digest, epoch.proofOf(digest))).toBe(true);
    const proof = epoch.proofOf(id("one"));
    expect(await client.included(aggregator.owner, 1, id("two"), proof)).toBe(false);
    expect(await client.included(aggregator.owner, 2, id("one"), proof)).toBe(false);
    expect(await client.included(household.owner, 1, id("one"), proof)).toBe(false);
    expect(await client.included(aggregator.owner, 1, epoch.root, [])).toBe(false);
  });

  it("lets a party commit by its owner or signer key, nobody else, and not after retirement", async () => {
    await registerBoth(rig.market);
    const { root } = epoch;
    const cold = await rig.market.clientOf(keyOf("aggregator owner").privateKey);
    await cold.commit(aggregator.owner, 1, root, 3, "0x");
    const mallory = await rig.market.clientOf(keyOf("mallory").privateKey);
    await expect(mallory.commit(aggregator.owner, 2, root, 3, "0x")).rejects.toEqual(code("settlement-not-party"));
    await expect(mallory.commit(addressOf(keyOf("mallory")), 1, root, 3, "0x")).rejects.toEqual(code("settlement-unknown-party"));
    await expect(cold.commit(aggregator.owner, 2, `0x${"0".repeat(64)}`, 3, "0x")).rejects.toEqual(
      code("settlement-empty-commitment"),
    );
    await expect(cold.commit(aggregator.owner, 2, root, 0, "0x")).rejects.toEqual(code("settlement-empty-commitment"));
    await rig.market.registrar.retire(aggregator.owner, 0);
    await rig.market.warpTo(midnightS);
    await expect(cold.commit(aggregator.owner, 2, root, 3, "0x")).rejects.toEqual(code("settlement-party-not-valid"));
  });
});

describe("blobs", () => {
  const send = async (method: string, args: readonly unknown[], constants: readonly (0 | 1)[]) => {
    const data = settlementInterface.encodeFunctionData(method, args);
    await rig.market.clientOf(aggregator.signer.privateKey);
    const { provider, domain } = rig.market;
    const hash = await sendWithBlobs(provider, aggregator.signer.privateKey, { to: domain.contract, data }, constants);
    // A node that is slow to check the blobs answers before a block has the transaction.
    let receipt = await provider.getTransactionReceipt(hash);
    await until("a block has it", async () => (receipt ??= await provider.getTransactionReceipt(hash)) !== null, 60_000);
    return { ok: receipt?.status === 1, events: receipt?.logs.map((one) => settlementInterface.parseLog(one)) ?? [] };
  };

  const blobsIn = (event: LogDescription | null | undefined) => (event?.args["blobs"] ?? []) as Iterable<string>;

  // A node checks each blob's proof, which takes seconds.
  it(
    "are bound to the epoch by the hashes that the chain has, all of the transaction's and no others",
    { timeout: 120_000 },
    async () => {
      await registerBoth(rig.market);
      const root = id("root");
      expect(await send("commit", [aggregator.owner, 1, root, 3, 1, "0x"], [0, 1])).toMatchObject({ ok: false });
      const without = settlementInterface.encodeFunctionData("commit", [aggregator.owner, 1, root, 3, 1, "0x"]);
      const refused = await rig.market.provider
        .call({ from: aggregator.owner, to: rig.market.domain.contract, data: without })
        .catch((error: unknown) => error);
      expect(chainError("commit", refused)).toMatchObject({ code: "settlement-wrong-blobs" });
      const committed = await send("commit", [aggregator.owner, 1, root, 3, 2, "0xabcd"], [0, 1]);
      expect(committed.events[0]?.name).toBe("Committed");
      expect(committed.events[0]?.args.toObject()).toMatchObject({ epoch: 1n, root, count: 3n, data: "0xabcd" });
      expect(Array.from(blobsIn(committed.events[0]))).toEqual([versionedHash(0), versionedHash(1)]);
      const attached = await send("attachBlobs", [aggregator.owner, 1, 1], [1]);
      expect(attached.events[0]?.name).toBe("BlobsAttached");
      expect(Array.from(blobsIn(attached.events[0]))).toEqual([versionedHash(1)]);
    },
  );
});

describe("a published record", () => {
  it("is told with its body and the signatures that are there, whoever sends it", async () => {
    await rig.ready();
    const { domain, funder } = rig.market;
    const record = exampleRecord(domain);
    const [sigA, sigB] = await bothSign(domain, record);
    for (const [one, other] of [
      [sigA, sigB],
      [sigA, "0x"],
      ["0x", sigB],
    ] as const) {
      const { logs } = await funder.publish(record, one, other);
      const event = settlementInterface.parseLog(logs[0] ?? expect.fail("no event"));
      expect(event?.name).toBe("Published");
      expect(event?.args.toObject()).toMatchObject({ seq: 1n, digest: recordDigest(domain, record), sigA: one, sigB: other });
      const told = event?.args["body"] as { salt: string; wh: bigint } | undefined;
      expect([told?.salt, told?.wh]).toEqual([record.salt, BigInt(record.wh)]);
    }
  });

  it("is refused without a good signature, with another body, and from who was not registered", async () => {
    await rig.ready();
    const { domain, funder, registrar } = rig.market;
    const record = exampleRecord(domain);
    const [sigA, sigB] = await bothSign(domain, record);
    await expect(funder.publish(record, "0x", "0x")).rejects.toEqual(code("settlement-unsigned"));
    await expect(funder.publish(record, sigB, "0x")).rejects.toEqual(code("settlement-wrong-signer"));
    await expect(funder.publish({ ...record, wh: record.wh + 1 }, sigA, sigB)).rejects.toEqual(code("settlement-wrong-signer"));
    const call = settlementInterface.encodeFunctionData("publish", [
      recordHead(record),
      recordBody({ ...record, wh: 1 }),
      sigA,
      sigB,
    ]);
    const refused = await rig.market.provider.call({ to: domain.contract, data: call }).catch((error: unknown) => error);
    expect(chainError("publish", refused)).toMatchObject({ code: "settlement-wrong-body" });
    await registrar.retire(household.owner, 0);
    await rig.market.warpTo(midnightS + 3 * day);
    const later = { ...record, start: after(2.5 * day), end: after(2.75 * day) };
    const [laterA, laterB] = await bothSign(domain, later);
    await expect(funder.publish(later, laterA, laterB)).rejects.toEqual(code("settlement-party-not-valid"));
  });
});
