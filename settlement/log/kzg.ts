import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { sha256 } from "ethers/crypto";
import { concat, hexlify } from "ethers/utils";
import { AppError } from "../../core/app-error.ts";

/** A blob with what the chain wants beside it (EIP-4844, EIP-7594); all in hex. */
export interface SealedBlob {
  data: string;
  commitment: string;
  /** The proofs of its 128 cells, one after the other. */
  proof: string;
  /** By which the chain and its contracts know it. */
  versionedHash: string;
}

/** What the thread is asked, and what it answers for each blob. */
export interface KzgJob {
  blobs: readonly Uint8Array[];
  withProofs: boolean;
}
interface Computed {
  commitment: string;
  /** Empty where none were asked for. */
  proofs: readonly string[];
}
export type KzgResult = Computed | { refused: string };

/**
 * Commitments and cell proofs for a transaction. Takes seconds a blob, in a thread that ends with it; nobody who only reads
 * the chain should load this file.
 * @throws AppError blob-malformed for what is no blob
 */
export async function sealBlobs(blobs: readonly Uint8Array[]): Promise<SealedBlob[]> {
  const results = await compute({ blobs, withProofs: true });
  return results.map(({ commitment, proofs }, index) => ({
    data: hexlify(blobs[index] ?? "0x"),
    commitment,
    proof: concat(proofs),
    versionedHash: versionedHash(commitment),
  }));
}

/** The versioned hashes of blobs, recomputed from their bytes; half a second each. @throws AppError blob-malformed */
export async function versionedHashes(blobs: readonly Uint8Array[]): Promise<string[]> {
  return (await compute({ blobs, withProofs: false })).map(({ commitment }) => versionedHash(commitment));
}

/** EIP-4844: a version byte, and the rest of the hash of the commitment. */
function versionedHash(commitment: string): string {
  return `0x01${sha256(commitment).slice(4)}`;
}

async function compute(job: KzgJob): Promise<Computed[]> {
  if (job.blobs.length === 0) return [];
  // In the bundle the thread's program lies beside this file too, as JavaScript.
  const worker = new Worker(new URL(`./kzg-worker${extname(import.meta.url)}`, import.meta.url), { workerData: job });
  const results: KzgResult[] = [];
  worker.on("message", (result: KzgResult) => results.push(result));
  // Rejects with what the thread died of.
  await once(worker, "exit");
  return results.map((result, index) => {
    if ("refused" in result) throw new AppError("blob-malformed", `blob ${index} has no commitment: ${result.refused}`);
    return result;
  });
}
