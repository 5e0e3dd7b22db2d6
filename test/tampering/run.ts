import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { quickVerdict } from "../../settlement/verify/verify.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { flipBytes, type Flips } from "./flip-bytes.ts";
import { randomBundle } from "./random-bundle.ts";

/**
 * `npm run test:tampering -- [--bundles 1000] [--seed 1] [--threads 2]`: each byte of so many random bundles is changed, one
 * after the other, and verified. Exit 1 when a changed bundle was good, or one that nobody changed was not. Ended before
 * (SIGTERM, Ctrl-C) it says how far it came, and exits 1.
 */

/** What came of one bundle. */
interface One {
  goodAsItWas: boolean;
  flips: Flips;
}

const number = (option: string, otherwise: number): number => {
  const at = process.argv.indexOf(option);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};

async function flipMany(bundles: number, seed: number, tell: (one: One) => void): Promise<void> {
  const random = seededRandom(seed);
  for (let count = 0; count < bundles; count++) {
    const { bundle, chain } = await randomBundle(random);
    const goodAsItWas = (await quickVerdict(bundle, chain)) === "good";
    tell({ goodAsItWas, flips: await flipBytes(bundle, chain, random) });
  }
}

if (isMainThread) {
  const started = performance.now();
  const [wanted, seed, threads] = [number("--bundles", 1000), number("--seed", 1), number("--threads", 2)];
  const total = { bundles: 0, flips: 0, good: 0, bad: 0, unknown: 0, notJson: 0, notGoodAsTheyWere: 0 };
  const survivors: string[] = [];
  const end = (): void => {
    console.log(JSON.stringify({ ...total, seconds: Math.round((performance.now() - started) / 1000) }));
    for (const survivor of survivors) console.log(survivor);
    process.exit(total.bundles === wanted && total.good === 0 && total.notGoodAsTheyWere === 0 ? 0 : 1);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, end);
  await Promise.all(
    Array.from({ length: threads }, async (_, at) => {
      const share = Math.floor((wanted + at) / threads);
      const worker = new Worker(new URL(import.meta.url), { workerData: { bundles: share, seed: seed * 1000 + at } });
      worker.on("message", ({ goodAsItWas, flips }: One) => {
        total.bundles++;
        if (!goodAsItWas) total.notGoodAsTheyWere++;
        for (const key of ["good", "bad", "unknown", "notJson"] as const) {
          total[key] += flips[key];
          total.flips += flips[key];
        }
        survivors.push(...flips.survivors);
      });
      await once(worker, "exit");
    }),
  );
  end();
} else {
  const { bundles, seed } = workerData as { bundles: number; seed: number };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that of a window; this is a thread's
  await flipMany(bundles, seed, (one) => parentPort?.postMessage(one));
}
