import { expect, it } from "vitest";
import { blobEpochSource, epochFile, folderSource } from "../../../settlement/log/epoch-source.ts";
import { beaconBlobs } from "../../../settlement/log/beacon-blobs.ts";
import { toBlobs } from "../../../settlement/log/blob-bytes.ts";
import { epochRoot } from "../../../settlement/log/epoch.ts";
import { encodeLogData, leavesOf } from "../../../settlement/log/log-data.ts";
import { encodeLogPlace } from "../../../settlement/log/log-place.ts";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../../fake/scratch.ts";
import { aggregator, midnightS } from "../fixture.ts";
import { openWorld, recordsForm } from "./world.ts";

// The chain checks the proofs of every blob.
it(
  "data in blobs is read from the consensus node; from a folder only what the blobs hold counts",
  { timeout: 120_000 },
  async () => {
    await using world = await openWorld();
    const records = await world.honestDay();
    await world.bindPrices();
    await world.market.warpTo(midnightS + 87_000);
    const data = recordsForm(records);
    const bytes = encodeLogData(data);
    const commit = (epoch: number, content: Uint8Array) =>
      world.logger.commit(
        aggregator.owner,
        epoch,
        epochRoot(leavesOf(data)),
        records.length,
        encodeLogPlace({ in: "blobs", length: bytes.length }),
        toBlobs(content),
      );
    await commit(2, bytes);
    const url = world.market.provider._getConnection().url;
    const beacon = blobEpochSource(url, beaconBlobs(url));
    const seen = await world.audit({ sources: [beacon] });
    expect(seen.findings.map(({ cause }) => cause)).toEqual(["amount-unchecked"]);
    expect(seen.steps).toContainEqual({ step: "signatures", verdict: "good", checked: 10 });

    // The same root, but other bytes in the blobs: the party's lie where the node shows it, else nobody can say whose.
    await commit(3, bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1).slice(0, 400));
    const folder = scratch("audit");
    mkdirSync(join(folder, aggregator.owner));
    for (const epoch of [2, 3]) writeFileSync(epochFile(folder, aggregator.owner, epoch), bytes);
    const fromFolder = await world.audit({ sources: [folderSource(folder)] });
    expect(fromFolder.findings.map(({ cause, place }) => `${cause} ${place.slice(0, 7)}`)).toContain("blobs-unseen epoch 3");
    expect(fromFolder.findings.some(({ verdict }) => verdict === "bad")).toBe(false);
    const fromBoth = await world.audit({ sources: [folderSource(folder), beacon] });
    expect(fromBoth.findings).toContainEqual(expect.objectContaining({ verdict: "bad", cause: "root-differs" }));
  },
);
