import type { Clock } from "./clock.ts";
import { heldWork } from "./held-work.ts";
import { ScheduleQueue } from "./schedule-queue.ts";

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves both clocks on and runs what is due, each job to its end. */
  advance(ms: number): Promise<void>;
  /** Makes now() jump while monotonicMs() goes on, as network time or a person does. */
  jump(ms: number): void;
  setSynced(synced: boolean): void;
}

/** A clock for tests, starting at an instant in ms. Throws from advance() what a job threw. */
export function fakeClock(startMs: number): FakeClock {
  let elapsedMs = 0;
  let offsetMs = startMs;
  let synced = true;
  const thrown: unknown[] = [];
  const queue = new ScheduleQueue((error) => thrown.push(error));
  const held = heldWork();
  return {
    now: () => offsetMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    synced: () => synced,
    after: (delayMs, job, signal) => queue.add(elapsedMs + delayMs, null, job, signal),
    every: (periodMs, job, signal) => queue.add(elapsedMs + periodMs, periodMs, job, signal),
    hold: held.hold,
    async advance(ms) {
      const toMs = elapsedMs + ms;
      await queue.runUntil(toMs, (atMs) => (elapsedMs = atMs));
      elapsedMs = toMs;
      await held.settled();
      if (thrown.length > 0) throw thrown.shift();
    },
    jump: (ms) => void (offsetMs += ms),
    setSynced: (value) => void (synced = value),
  };
}
