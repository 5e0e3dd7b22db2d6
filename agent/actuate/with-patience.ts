import { aborted } from "../../core/aborted.ts";
import type { Clock } from "../../core/clock/clock.ts";

/** Resolves when the work is done, took too long, or the signal aborts; the work goes on by itself then. */
export async function withPatience(work: Promise<unknown>, ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  clock.after(ms, () => over.abort(), ended);
  await Promise.race([work, aborted(ended)]);
  over.abort();
}
