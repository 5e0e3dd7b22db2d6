import { Worker } from "node:worker_threads";
import type { StreetRun } from "./layers.ts";
import type { DayRun, MonthWord, MonthWork } from "./month-worker.ts";

/** A way of running the street that goes on in a thread of its own. */
export interface MonthThread {
  done: Promise<StreetRun>;
  /** What was metered so far, by home; grows by whole days. */
  metered: DayRun[];
  /** Resolves when a day stands in `metered`. */
  dayDone(day: number): Promise<void>;
}

export function monthThread(work: MonthWork, progress: (words: string) => void): MonthThread {
  const worker = new Worker(new URL("./month-worker.ts", import.meta.url), { workerData: work });
  const metered = Array.from({ length: work.street.homes }, (): DayRun => ({ netWh: [], flows: [] }));
  const { promise: done, resolve, reject } = Promise.withResolvers<StreetRun>();
  const days = Array.from({ length: work.street.days }, () => Promise.withResolvers<void>());
  const failed = (error: unknown): void => {
    reject(error);
    for (const day of days) day.reject(error);
  };
  // Whoever waits hears of it.
  done.catch(() => undefined);
  for (const day of days) day.promise.catch(() => undefined);
  worker.on("error", failed);
  worker.on("exit", () => failed(new Error("a thread of the month ended early")));
  worker.on("message", (word: MonthWord) => {
    if (word.kind === "progress") progress(word.words);
    else if (word.kind === "done") resolve(word.run);
    else {
      for (const [home, { netWh, flows }] of word.runs.entries()) {
        metered[home]?.netWh.push(...netWh);
        metered[home]?.flows.push(...flows);
      }
      days[word.day]?.resolve();
    }
  });
  return { done, metered, dayDone: async (day) => days[day]?.promise };
}
