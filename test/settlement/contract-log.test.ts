import { id } from "ethers";
import { describe, expect, it } from "vitest";
import { buildEpoch } from "../../settlement/epoch.ts";
import { code, contractRig } from "./contract-rig.ts";
import { addressOf, aggregator, household, keyOf, midnightS } from "./fixture.ts";
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
