import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { AppError } from "../../core/app-error.ts";
import { signersOf, type SignedDigest } from "./signers-of.ts";

/** Recovers the keys of many signatures, which is nearly all the work of an audit. */
export interface SignaturePool {
  /** The keys of a batch. Waits for its turn; callers that await `room` first keep the queue short. */
  signersOf(batch: readonly SignedDigest[]): Promise<(string | null)[]>;
  /** Resolves once there are few batches that wait. */
  room(): Promise<void>;
  close(): Promise<void>;
}

/** Batches on their way to one thread, so that it never waits for the next. */
const ahead = 3;

interface Thread {
  worker: Worker;
  /** Who waits for its answers, in the order of the questions. */
  asked: { resolve: (signers: (string | null)[]) => void; reject: (error: unknown) => void }[];
}

/**
 * Threads are started as batches come. With none the caller's own thread does it.
 * @param threads how many at most, from 0
 */
export function signaturePool(threads: number): SignaturePool {
  const pool: Thread[] = [];
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const resume of waiting.splice(0)) resume();
  };
  const start = (): Thread => {
    // In the bundle the thread's program lies beside this file too, as JavaScript.
    const worker = new Worker(new URL(`./signature-worker${extname(import.meta.url)}`, import.meta.url));
    const thread: Thread = { worker, asked: [] };
    worker.on("message", (signers: (string | null)[]) => {
      thread.asked.shift()?.resolve(signers);
      wake();
    });
    worker.on("error", (cause) => {
      const died = new AppError("audit-thread-died", `a thread that checks signatures ended: ${String(cause)}`, { cause });
      for (const { reject } of thread.asked.splice(0)) reject(died);
      wake();
    });
    pool.push(thread);
    return thread;
  };
  const leastBusy = (): Thread => {
    const free = pool.toSorted((one, other) => one.asked.length - other.asked.length)[0];
    return free && (free.asked.length === 0 || pool.length >= threads) ? free : start();
  };
  return {
    signersOf(batch) {
      if (threads === 0) return Promise.resolve(signersOf(batch));
      const thread = leastBusy();
      return new Promise((resolve, reject) => {
        thread.asked.push({ resolve, reject });
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        thread.worker.postMessage(batch);
      });
    },
    async room() {
      while (pool.length >= threads && pool.length > 0 && pool.every(({ asked }) => asked.length >= ahead))
        await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async close() {
      await Promise.all(pool.map(({ worker }) => worker.terminate()));
    },
  };
}
