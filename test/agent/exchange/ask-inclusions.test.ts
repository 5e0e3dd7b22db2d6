import { expect, it } from "vitest";
import { askInclusions } from "../../../agent/exchange/ask-inclusions.ts";
import type { Included } from "../../../agent/settle/signing-room.ts";
import type { SignedRecord } from "../../../agent/store/record-store.ts";
import type { Bundle } from "../../../settlement/verify/bundle.ts";

const inclusion = { by: "0xe", epoch: 1, root: "0xr", count: 2, proof: ["0xp"] };

/** Records 1 to 4 are co-signed; the exchange has the first two in an epoch, and the second is known to be. */
async function asked(inEpoch: number): Promise<{ bundles: number[]; kept: number[] }> {
  const [bundles, kept]: [number[], number[]] = [[], []];
  await askInclusions({
    client: {
      bundle(seq) {
        bundles.push(seq);
        return Promise.resolve({ inclusion: seq <= inEpoch ? inclusion : null } as unknown as Bundle);
      },
    },
    room: { included: (message: Included) => Promise.resolve(void kept.push(...message.records.map(({ seq }) => seq))) },
    records: { at: (_, seq) => ({ digest: `0x${seq}` }) as SignedRecord },
    inclusions: { omitted: () => [4, 3, 2, 1], of: (leaf) => (leaf === "0x2" ? { ...inclusion, final: false } : undefined) },
    pair: "a-b",
    nowMs: 0,
  });
  return { bundles, kept };
}

it("asks for the oldest proofs first, for none that are here, and no further than the newest epoch", async () => {
  expect(await asked(2)).toEqual({ bundles: [1, 3], kept: [1] });
  expect(await asked(4)).toEqual({ bundles: [1, 3, 4], kept: [1, 3, 4] });
  expect(await asked(0)).toEqual({ bundles: [1], kept: [] });
});
