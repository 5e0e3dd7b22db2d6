import { parentPort } from "node:worker_threads";
import { signersOf, type SignedDigest } from "./signers-of.ts";

/** Runs in a thread of its own; started by signature-pool.ts only. */
parentPort?.on("message", (batch: readonly SignedDigest[]) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(signersOf(batch));
});
