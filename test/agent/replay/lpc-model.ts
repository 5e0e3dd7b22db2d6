import type { TraceEvent } from "../../../agent/replay/trace-event.ts";

/** Figures of the rules, in ms and W; those of EEBUS LPC where a trace says nothing else. */
interface Figures {
  timeoutMs: number;
  failsafeW: number;
  windowMs: number;
}

/** A limit that counts; null is one that was taken back. */
interface Written {
  atMs: number;
  limitW: number | null;
  endMs: number;
}

/**
 * The rules of EEBUS LPC once more, told apart from the agent: what holds follows from one unbroken run of heartbeats.
 * - A run begins with a heartbeat and is broken when none came for longer than the timeout, and by a restart.
 * - Outside a run the failsafe limit holds, whatever was written before.
 * - In a run the last good write since its beginning counts (one of the same instant too), until its duration is over.
 * - A run without any write for the release window is unlimited. Time without heartbeats releases nothing.
 * @returns what holds after each event, W; null is unlimited
 */
export function lpcModel(): (event: TraceEvent) => number | null {
  const figures: Figures = { timeoutMs: 120_000, failsafeW: 4200, windowMs: 120_000 };
  let run: { sinceMs: number; beatMs: number; written: Written | null; released: boolean } | null = null;
  let before: Written | null = null;
  return (event) => {
    const nowMs = event.at * 1000;
    if (run && nowMs - run.beatMs > figures.timeoutMs) run = null;
    if (run && !run.written && nowMs - run.sinceMs >= figures.windowMs) run.released = true;
    switch (event.kind) {
      case "heartbeat":
        run ??= { sinceMs: nowMs, beatMs: nowMs, written: before?.atMs === nowMs ? before : null, released: false };
        run.beatMs = nowMs;
        before = null;
        break;
      case "limit": {
        const written = goodWrite(event);
        if (written && run) run.written = written;
        else if (written) before = written;
        break;
      }
      case "restart":
        [run, before] = [null, null];
        break;
      case "config":
        figures.timeoutMs = event.heartbeatTimeoutS === undefined ? figures.timeoutMs : event.heartbeatTimeoutS * 1000;
        figures.windowMs = event.releaseWindowS === undefined ? figures.windowMs : event.releaseWindowS * 1000;
        figures.failsafeW = event.failsafeLimitW ?? figures.failsafeW;
        break;
      default:
    }
    if (!run) return figures.failsafeW;
    if (run.written) return nowMs < run.written.endMs ? run.written.limitW : null;
    return run.released ? null : figures.failsafeW;
  };
}

/** A figure that no meter could hold a house to is as if it had not been sent. */
function goodWrite({ at, limitW, active, durationS }: Extract<TraceEvent, { kind: "limit" }>): Written | null {
  const possible = Number.isInteger(limitW) && limitW >= 0 && limitW <= 2 ** 53 - 1;
  if (!possible || (durationS !== null && (Number.isNaN(durationS) || durationS <= 0))) return null;
  const atMs = at * 1000;
  return { atMs, limitW: active ? limitW : null, endMs: durationS === null ? Infinity : atMs + durationS * 1000 };
}
