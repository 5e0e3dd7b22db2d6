/** Work that a clock starts. What it throws reaches the clock's `onError`, never the process. */
export type Job = () => void | Promise<void>;

/**
 * All time that a room knows. Durations and leases use monotonicMs(), which never jumps;
 * what is said to others uses now(). Socket timeouts stay on wall time and are not asked here.
 */
export interface Clock {
  /** UTC instant in ms since 1970. */
  now(): number;
  /** Milliseconds on a clock that never jumps; its zero means nothing. */
  monotonicMs(): number;
  /** False while now() has not been set by network time. */
  synced(): boolean;
  /** Runs the job once after a delay, unless the signal aborts before. */
  after(delayMs: number, job: Job, signal: AbortSignal): void;
  /** Runs the job each period, first after one period, never two runs at once; a late run skips, never piles up. */
  every(periodMs: number, job: Job, signal: AbortSignal): void;
  /** Simulated time waits for this work; real time does not. Gives the promise back. */
  hold<T>(work: Promise<T>): Promise<T>;
}

/** ISO 8601 text in UTC of an instant in ms. */
export function iso(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
