import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { keccak256 } from "ethers/crypto";
import { AppError } from "../../core/app-error.ts";
import { wordWriter } from "../record/word-bytes.ts";

const leafTypes = ["bytes32"];

/** A Merkle tree over the records of one epoch. */
export interface Epoch {
  root: string;
  count: number;
  /** Sibling hashes from the leaf up. @throws AppError epoch-unknown-record */
  proofOf(digest: string): string[];
}

/**
 * Builds the tree over record digests. The order of digests does not matter.
 * @throws AppError epoch-empty, epoch-duplicate-record
 */
export function buildEpoch(digests: readonly string[]): Epoch {
  if (digests.length === 0) throw new AppError("epoch-empty", "an epoch needs at least one record");
  const places = new Map(digests.map((digest) => [digest, [digest] as [string]]));
  if (places.size < digests.length) throw new AppError("epoch-duplicate-record", "a record is in the epoch twice");
  const tree = StandardMerkleTree.of([...places.values()], leafTypes);
  return {
    root: tree.root,
    count: digests.length,
    proofOf(digest) {
      const leaf = places.get(digest);
      if (!leaf) throw new AppError("epoch-unknown-record", `record ${digest} is not in this epoch`);
      return tree.getProof(leaf);
    },
  };
}

/**
 * The root of that tree alone, in a fraction of the time: for whoever rebuilds it to compare.
 * @throws AppError epoch-empty, epoch-duplicate-record
 */
export function epochRoot(digests: readonly string[]): string {
  if (digests.length === 0) throw new AppError("epoch-empty", "an epoch needs at least one record");
  if (new Set(digests).size < digests.length) throw new AppError("epoch-duplicate-record", "a record is in the epoch twice");
  const leaves = digests.map((digest) => keccak256(wordWriter(1).hex(keccak256(digest)).bytes())).toSorted();
  // A heap as OpenZeppelin lays it: the root first, the leaves last and backwards.
  const tree = [...Array.from({ length: leaves.length - 1 }, () => ""), ...leaves.toReversed()];
  for (let at = leaves.length - 2; at >= 0; at--) {
    const [one = "", other = ""] = [tree[2 * at + 1], tree[2 * at + 2]];
    const [low, high] = one < other ? [one, other] : [other, one];
    tree[at] = keccak256(wordWriter(2).hex(low).hex(high).bytes());
  }
  return tree[0] ?? "";
}

/** Whether a proof leads from a record's digest to the root. */
export function verifyInclusion(root: string, digest: string, proof: readonly string[]): boolean {
  return StandardMerkleTree.verify(root, leafTypes, [digest], [...proof]);
}
