import type { Clock } from "./clock.ts";

/** A part of the names has its turn no more often. */
const leastPartMs = 1000;

/**
 * Does something for each name once a period, spread evenly over it: what is due for ten thousand homes in one moment would hold up
 * all else. The period is cut short by up to a ms for each name, so that turns are on whole ones. Turns that come late are made up for, at most one for each name.
 */
export function spreadEvery(
  clock: Pick<Clock, "every" | "monotonicMs">,
  periodMs: number,
  names: readonly string[],
  work: (name: string) => void,
  signal: AbortSignal,
): void {
  const parts = Math.max(1, Math.min(names.length, Math.floor(periodMs / leastPartMs)));
  const partMs = Math.floor(periodMs / parts);
  const beganMs = clock.monotonicMs();
  let done = 0;
  clock.every(
    partMs,
    () => {
      // A timer of the machine may be a little early.
      const due = Math.round((clock.monotonicMs() - beganMs) / partMs);
      for (done = Math.max(done, due - parts); done < due; done++)
        for (let at = done % parts; at < names.length; at += parts) work(names[at] as string);
    },
    signal,
  );
}
