import type { Job } from "./clock.ts";

interface Due {
  atMs: number;
  order: number;
  periodMs: number | null;
  job: Job;
  signal: AbortSignal;
}

/**
 * Timers of a clock that is moved by hand or by a server, run in order of time, then of arrival.
 * Each job ends before the next starts, so a step is deterministic.
 */
export class ScheduleQueue {
  private dues: Due[] = [];
  private arrivals = 0;
  private readonly onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.onError = onError;
  }

  add(atMs: number, periodMs: number | null, job: Job, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.dues.push({ atMs, order: this.arrivals++, periodMs, job, signal });
  }

  /** Runs all that is due until `toMs`; `setTime` is called with the time of each job before it runs. */
  async runUntil(toMs: number, setTime: (atMs: number) => void): Promise<void> {
    for (;;) {
      this.dues = this.dues.filter((due) => !due.signal.aborted);
      let next: Due | undefined;
      for (const due of this.dues)
        if (due.atMs <= toMs && (!next || due.atMs < next.atMs || (due.atMs === next.atMs && due.order < next.order))) next = due;
      if (!next) return;
      if (next.periodMs === null) this.dues.splice(this.dues.indexOf(next), 1);
      else next.atMs += next.periodMs;
      const ranAtMs = next.periodMs === null ? next.atMs : next.atMs - next.periodMs;
      setTime(ranAtMs);
      try {
        await next.job();
      } catch (error) {
        this.onError(error);
      }
    }
  }
}
