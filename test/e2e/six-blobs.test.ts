import { expect, it } from "vitest";
import { openChainView } from "../../settlement/audit/chain-view.ts";
import { beaconBlobs } from "../../settlement/log/beacon-blobs.ts";
import { blobEpochSource } from "../../settlement/log/epoch-source.ts";
import { buildEpoch } from "../../settlement/log/epoch.ts";
import { fetchEpoch } from "../../settlement/log/fetch-epoch.ts";
import { leavesOf } from "../../settlement/log/log-data.ts";
import { epochIndex } from "../../settlement/log/wanted-epoch.ts";
import { chainRoom } from "../aggregator/settle/chain-room.ts";

const blobGas = 131_072n;
/** A blob holds 126,976 bytes, so that these leaves fill six and begin a seventh. */
const leaves = 24_000;

// A full blob takes seconds to seal, and the development chain checks each proof.
it(
  "commits a day of many homes with six blobs in one transaction, attaches the seventh, and an auditor reads all of it back",
  { timeout: 600_000 },
  async () => {
    const room = await chainRoom({ settleMs: null, publishing: { in: "blobs", form: "digests" } });
    const digests = Array.from(
      { length: leaves },
      (_, at) => `0x${(BigInt(at + 1) * 0x9e3779b97f4a7c15n).toString(16).padStart(64, "0")}`,
    );
    const { root } = buildEpoch(digests);
    await room.store.addEpoch({ epoch: 1, root, digests });
    await room.work.tick();
    expect(await room.store.epochAt(1)).toMatchObject({ blobs: 7, final: true });
    const spent = await room.store.spent({ fromMs: 0, toMs: 1e15, limit: 9 });
    // Both may be seen in the same moment of fake time.
    const of = new Map(spent.map(({ what, blobGas: gas, records }) => [what, [gas, records]]));
    expect([of.size, of.get("commit"), of.get("attachBlobs")]).toEqual([2, [6n * blobGas, leaves], [blobGas, 0]]);
    const { anvil, market, owner } = room;
    const view = await openChainView(anvil.url, market.domain.contract);
    const wanted = await epochIndex(view, 0).find(owner, 1);
    view.close();
    expect(wanted?.blobs.map(({ block }) => block - (wanted.blobs[0]?.block ?? 0))).toEqual([0, 0, 0, 0, 0, 0, 1]);
    const source = blobEpochSource("node", beaconBlobs(anvil.url));
    const fetched = await fetchEpoch(market.domain, wanted ?? expect.fail("no epoch"), [source]);
    expect([fetched.exact, fetched.complaints]).toEqual([true, []]);
    expect(leavesOf(fetched.data ?? expect.fail("no data"))).toEqual(digests);
  },
);
