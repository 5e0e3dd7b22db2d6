import type { Clock, Job } from "./clock.ts";

/**
 * The machine's own clock.
 * @param options.onError hears what a job throws
 * @param options.synced whether network time has set the clock (default: assumed)
 */
export function realClock(options: { onError: (error: unknown) => void; synced?: () => boolean }): Clock {
  const run = async (job: Job): Promise<void> => {
    try {
      await job();
    } catch (error) {
      options.onError(error);
    }
  };
  return {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    synced: options.synced ?? (() => true),
    after(delayMs, job, signal) {
      if (signal.aborted) return;
      const stop = (): void => clearTimeout(timer);
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", stop);
        void run(job);
      }, delayMs);
      signal.addEventListener("abort", stop, { once: true });
    },
    every(periodMs, job, signal) {
      if (signal.aborted) return;
      let busy = false;
      const timer = setInterval(() => {
        if (busy) return;
        busy = true;
        void run(job).finally(() => (busy = false));
      }, periodMs);
      signal.addEventListener("abort", () => clearInterval(timer), { once: true });
    },
    hold: (work) => work,
  };
}
