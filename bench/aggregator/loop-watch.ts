import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/** How long the main thread did nothing else, since it was last asked: an event waited so long beyond its time, ms. */
export interface LoopDelays {
  p99Ms: number;
  maxMs: number;
}

const resolutionMs = 10;
const nsPerMs = 1e6;

/** Loaded ahead of a program (`node --import`), in which it answers each message of the process that started it. */
if (isMainThread && process.send) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  process.on("message", () => {
    // The measure counts its own period, too.
    const said: LoopDelays = {
      p99Ms: delays.percentile(99) / nsPerMs - resolutionMs,
      maxMs: delays.max / nsPerMs - resolutionMs,
    };
    delays.reset();
    process.send?.(said);
  });
  // Watching keeps no program alive.
  process.channel?.unref();
}
