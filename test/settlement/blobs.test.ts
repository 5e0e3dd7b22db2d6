import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { id } from "ethers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { blobCapacity, fromBlobs, toBlobs } from "../../settlement/log/blob-bytes.ts";
import { settlementInterface } from "../../settlement/chain/chain-error.ts";
import { sealBlobs, versionedHashes } from "../../settlement/log/kzg.ts";
import type { Mined } from "../../settlement/chain/transactor.ts";
import { versionedHash } from "../fake/blob-transaction.ts";
import { code, contractRig } from "./contract-rig.ts";
import { aggregator } from "./fixture.ts";
import { registerBoth } from "./market.ts";

const rig = contractRig();
const blobGas = 131_072n;

/** A blob that is zero but for a few bytes is sealed in a tenth of the time. */
const nearlyEmpty = (byte: number): Uint8Array[] => toBlobs(Uint8Array.of(byte));

const loggedHashes = ({ logs }: Mined): string[] => {
  const event = settlementInterface.parseLog(logs[0] ?? expect.fail("no event"));
  return Array.from((event?.args["blobs"] ?? []) as Iterable<string>);
};

// Anvil checks every proof before it answers.
describe("blobs of an epoch", { timeout: 300_000 }, () => {
  it("go into real blob transactions, bound to the epoch, and can be fetched from the chain as they were", async () => {
    await registerBoth(rig.market);
    const client = await rig.market.clientOf(aggregator.signer.privateKey);
    const data = randomBytes(blobCapacity + 5);
    const blobs = toBlobs(data);
    const mined = await client.commit(aggregator.owner, 1, id("root"), 3, "0x", blobs);
    const hashes = await versionedHashes(blobs);
    expect(loggedHashes(mined)).toEqual(hashes);
    expect(mined.blobGasUsed).toBe(2n * blobGas);

    // The development chain counts a slot for each block.
    const url = `${rig.market.provider._getConnection().url}/eth/v1/beacon/blobs/${mined.block}`;
    const answer: unknown = await (await fetch(url)).json();
    const served = z.object({ data: z.array(z.string()) }).parse(answer).data;
    expect(
      fromBlobs(
        served.map((hex) => Buffer.from(hex.slice(2), "hex")),
        data.length,
      ),
    ).toEqual(new Uint8Array(data));
  });

  it("are attached where they did not fit into the commitment, and counted with what was paid", async () => {
    await registerBoth(rig.market);
    const client = await rig.market.clientOf(aggregator.signer.privateKey);
    const { provider } = rig.market;
    const seven = [1, 2, 3, 4, 5, 6, 7].flatMap(nearlyEmpty);
    for (const send of [
      () => client.commit(aggregator.owner, 1, id("root"), 3, "0x", seven),
      () => client.attachBlobs(aggregator.owner, 1, seven),
    ])
      await expect(send()).rejects.toEqual(code("chain-too-many-blobs"));
    const before = await provider.getBalance(aggregator.signer.address);
    const three = seven.slice(0, 3);
    const committed = await client.commit(aggregator.owner, 1, id("root"), 3, "0x", three.slice(0, 2));
    const attached = await client.attachBlobs(aggregator.owner, 1, three.slice(2));
    expect([...loggedHashes(committed), ...loggedHashes(attached)]).toEqual(await versionedHashes(three));
    expect([committed.blobGasUsed, attached.blobGasUsed]).toEqual([2n * blobGas, blobGas]);
    expect(before - (await provider.getBalance(aggregator.signer.address))).toBe(committed.feeWei + attached.feeWei);
  });
});

describe("the seal of a blob", () => {
  it("has the versioned hash known by heart, and 128 cell proofs", async () => {
    const [constant] = await sealBlobs([new Uint8Array(131_072)]);
    expect(constant?.versionedHash).toBe(versionedHash(0));
    expect(constant?.proof).toHaveLength(2 + 128 * 96);
  });

  it("is computed by the bundled program too", async () => {
    const worker = new Worker(resolve("dist/kzg-worker.js"), {
      workerData: { blobs: [new Uint8Array(131_072)], withProofs: false },
    });
    const [result] = await once(worker, "message");
    expect(result).toEqual({ commitment: `0xc0${"00".repeat(47)}`, proofs: [] });
  });

  it("does not hold up anything else, and names what is no blob", async () => {
    let turns = 0;
    const clock = setInterval(() => turns++, 1);
    const sealed = versionedHashes(nearlyEmpty(9));
    await expect(sealed).resolves.toHaveLength(1);
    clearInterval(clock);
    expect(turns).toBeGreaterThan(20);
    await expect(versionedHashes([new Uint8Array(131_072).fill(255)])).rejects.toEqual(code("blob-malformed"));
    await expect(versionedHashes([new Uint8Array(5)])).rejects.toEqual(code("blob-malformed"));
  });
});
