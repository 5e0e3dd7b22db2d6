import { concat, id, keccak256 } from "ethers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildEpoch, epochRoot, verifyInclusion } from "../../../settlement/log/epoch.ts";

const digests = fc.uniqueArray(
  fc.nat().map((number) => id(String(number))),
  { minLength: 1, maxLength: 40 },
);

describe("epoch", () => {
  it("proves every record of it and no other", () => {
    fc.assert(
      fc.property(digests, (all) => {
        const epoch = buildEpoch(all);
        const { root, count } = epoch;
        expect(count).toBe(all.length);
        for (const digest of all) {
          expect(verifyInclusion(root, digest, epoch.proofOf(digest))).toBe(true);
          expect(verifyInclusion(root, id("not in it"), epoch.proofOf(digest))).toBe(false);
          expect(verifyInclusion(id("other root"), digest, epoch.proofOf(digest))).toBe(false);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("has the same root where only that is built", () => {
    fc.assert(
      fc.property(digests, (all) => {
        expect(epochRoot(all)).toBe(buildEpoch(all).root);
      }),
      { numRuns: 50 },
    );
    expect(() => epochRoot([])).toThrow(expect.objectContaining({ code: "epoch-empty" }));
    expect(() => epochRoot([id("1"), id("1")])).toThrow(expect.objectContaining({ code: "epoch-duplicate-record" }));
  });

  it("does not depend on the order of records", () => {
    fc.assert(
      fc.property(digests, (all) => {
        expect(buildEpoch(all.toReversed()).root).toBe(buildEpoch(all).root);
      }),
      { numRuns: 25 },
    );
  });

  it("hashes leaves twice, so an inner node is no record", () => {
    const [one, two] = [id("one"), id("two")];
    const leaf = (digest: string): string => keccak256(keccak256(digest));
    const inner = keccak256(concat([leaf(one), leaf(two)].toSorted()));
    const epoch = buildEpoch([one, two]);
    expect(epoch.root).toBe(inner);
    expect(verifyInclusion(epoch.root, inner, [])).toBe(false);
    expect(verifyInclusion(epoch.root, keccak256(concat([leaf(one), leaf(two)].toSorted())), [])).toBe(false);
  });

  it("refuses to be empty, to hold a record twice, and to prove a stranger", () => {
    expect(() => buildEpoch([])).toThrow(expect.objectContaining({ code: "epoch-empty" }));
    expect(() => buildEpoch([id("x"), id("x")])).toThrow(expect.objectContaining({ code: "epoch-duplicate-record" }));
    expect(() => buildEpoch([id("x")]).proofOf(id("y"))).toThrow(expect.objectContaining({ code: "epoch-unknown-record" }));
  });
});
