import { parentPort, workerData } from "node:worker_threads";
import { SigningKey } from "ethers/crypto";
import type { SettlementDomain } from "../../settlement/record/domain.ts";
import { dayOf } from "./simulated-day.ts";

/** What a thread of the benchmark does: days of homes, or nothing but the recovery of keys. */
export type Job =
  | { is: "days"; homes: readonly number[]; domain: SettlementDomain }
  | { is: "recoveries"; signed: readonly { digest: string; signature: string }[] };

const job = workerData as Job;
if (job.is === "days")
  for (const home of job.homes) {
    const day = await dayOf(home, job.domain);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that of a window; this is a thread's
    parentPort?.postMessage({ home, ...day });
  }
else {
  const beganMs = performance.now();
  for (const { digest, signature } of job.signed) SigningKey.recoverPublicKey(digest, signature);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that of a window; this is a thread's
  parentPort?.postMessage(performance.now() - beganMs);
}
