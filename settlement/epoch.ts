import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { AppError } from "../core/app-error.ts";

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

/** Whether a proof leads from a record's digest to the root. */
export function verifyInclusion(root: string, digest: string, proof: readonly string[]): boolean {
  return StandardMerkleTree.verify(root, leafTypes, [digest], [...proof]);
}
