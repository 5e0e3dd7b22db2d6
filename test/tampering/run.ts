import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { Verdict } from "../../settlement/verdict.ts";
import { quickVerdict } from "../../settlement/verify.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { flipBytes } from "./flip-bytes.ts";
import { randomBundle } from "./random-bundle.ts";

/**
 * `npm run test:tampering -- [--bundles 1000] [--seed 1] [--threads 2]`: each byte of so many random bundles is changed, one
 * after the other, and verified. Exit 1 when a changed bundle was good, or one that nobody changed was not.
 */

interface Total extends Record<Verdict, number> {
  bundles: number;
  notJson: number;
  survivors: string[];
  notGood: number;
}

const number = (option: string, otherwise: number): number => {
  const at = process.argv.indexOf(option);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};

async function flipAll(bundles: number, seed: number): Promise<Total> {
  const random = seededRandom(seed);
  const total: Total = { bundles, good: 0, bad: 0, unknown: 0, notJson: 0, survivors: [], notGood: 0 };
  for (let count = 0; count < bundles; count++) {
    const { bundle, chain } = await randomBundle(random);
    if ((await quickVerdict(bundle, chain)) !== "good") total.notGood++;
    add(total, await flipBytes(bundle, chain, random));
  }
  return total;
}

function add(total: Total, more: Omit<Total, "bundles" | "notGood">): void {
  for (const key of ["good", "bad", "unknown", "notJson"] as const) total[key] += more[key];
  total.survivors.push(...more.survivors);
}

if (isMainThread) {
  const started = performance.now();
  const [bundles, seed, threads] = [number("--bundles", 1000), number("--seed", 1), number("--threads", 2)];
  const shares = Array.from({ length: threads }, (_, at) => Math.floor((bundles + at) / threads));
  const parts = await Promise.all(
    shares.map(async (share, at) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { bundles: share, seed: seed * 1000 + at } });
      const [total] = (await once(worker, "message")) as [Total];
      return total;
    }),
  );
  const total: Total = { bundles, good: 0, bad: 0, unknown: 0, notJson: 0, survivors: [], notGood: 0 };
  for (const part of parts) {
    add(total, part);
    total.notGood += part.notGood;
  }
  const { survivors, ...counts } = total;
  const flips = counts.good + counts.bad + counts.unknown + counts.notJson;
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(JSON.stringify({ flips, ...counts, seconds }));
  for (const survivor of survivors) console.log(survivor);
  process.exitCode = counts.good === 0 && counts.notGood === 0 && flips > 0 ? 0 : 1;
} else {
  const { bundles, seed } = workerData as { bundles: number; seed: number };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that of a window; this is a thread's
  parentPort?.postMessage(await flipAll(bundles, seed));
}
