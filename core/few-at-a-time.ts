import { setImmediate as turn } from "node:timers/promises";

/**
 * At most so many pieces of work at a time; what waits begins in its order. Each begins in a turn of the event loop of its own:
 * work that never waits for more than a database within the process would otherwise let nothing else be heard until all is done.
 */
export function fewAtATime(most: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    // Whoever ends hands the place over.
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      await turn();
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
