import { setImmediate } from "node:timers/promises";
import { aborted } from "../../core/aborted.ts";
import type { Clock } from "../../core/clock/clock.ts";

/** Resolves when the work is done, took too long, or the signal aborts; the work goes on by itself then. */
export async function withPatience(work: Promise<unknown>, ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  // What is to be sent goes out first: a timer and a signal take longer to set up than the command to be written.
  await clock.hold(setImmediate());
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  clock.after(ms, () => over.abort(), ended);
  await Promise.race([work, aborted(ended)]);
  over.abort();
}
