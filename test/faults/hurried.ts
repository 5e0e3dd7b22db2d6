import type { Clock } from "../../core/clock/clock.ts";

/** Waits are twenty times shorter, such as the minute after which a receipt counts as lost. */
export function hurried(clock: Clock): Clock {
  return {
    ...clock,
    monotonicMs: () => clock.monotonicMs() * 20,
    every: (periodMs, job, signal) => clock.every(periodMs / 20, job, signal),
  };
}
