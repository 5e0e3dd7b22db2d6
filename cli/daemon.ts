import { mkdirSync } from "node:fs";
import { aborted } from "../core/aborted.ts";
import { errorCode, errorMessage, type AppError } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import { realClock } from "../core/clock/real-clock.ts";
import { simulatedClock } from "../core/clock/simulated-clock.ts";
import type { Log, LogLevel } from "../core/log.ts";
import { exitCode } from "./exit-code.ts";
import { machineTime, networkTime } from "./network-time.ts";
import { stderrLog } from "./stderr-log.ts";
import { stopRequest } from "./stop-request.ts";
import { systemdNotifier } from "./systemd-notifier.ts";

/** A program that runs until it is told to stop. */
export interface Daemon {
  /** Milliseconds on the clock's monotonic scale of its last sign of life; a hang ends the watchdog's pings. */
  lastAliveMs?: () => number;
  /** Printed as one JSON line on stdout when all is up. */
  ready: Record<string, unknown>;
  /** Resolves with what makes going on pointless: the daemon stops cleanly and exits 3, for systemd to start it anew. */
  failed?: Promise<AppError>;
  stop(): Promise<void>;
}

/** Control runs every 10 s: six missed passes are a hang. */
const hangMs = 60_000;
/** A stop that takes longer hangs: the process ends as it is, and relays still have ExecStopPost. */
const stopWithinMs = 10_000;

/**
 * Runs a daemon: logs as JSON on stderr, real or simulated clock, systemd notification, clean stop on SIGTERM, SIGINT or,
 * where SMART_MLA_PARENT=stdin, at the end of standard input (the parent is gone).
 */
export async function runDaemon(options: {
  name: string;
  level: LogLevel;
  clockUrl?: string;
  /** Made with mode 0700 before anything starts. */
  stateFolder?: string;
  /** @param given.asked ends what the start waits for, where the daemon is told to stop meanwhile */
  start: (given: {
    clock: Clock;
    log: Log;
    signal: AbortSignal;
    asked: AbortSignal;
    setLogLevel: (level: LogLevel) => void;
  }) => Promise<Daemon>;
  say: (line: string) => void;
}): Promise<number> {
  const log = stderrLog(options.name, options.level);
  const ending = new AbortController();
  const asked = stopRequest();
  const onError = (error: unknown): void => log.error({ code: errorCode(error), error: errorMessage(error) }, "job failed");
  const notifier = systemdNotifier(process.env, log);
  try {
    if (options.stateFolder) mkdirSync(options.stateFolder, { recursive: true, mode: 0o700 });
    const clock = options.clockUrl
      ? await simulatedClock({
          clockUrl: options.clockUrl,
          name: options.name,
          onError,
          signal: AbortSignal.any([ending.signal, asked]),
        })
      : realClock({ onError, synced: (await networkTime({ keeper: machineTime, log, signal: ending.signal })).synced });
    const daemon = await options.start({
      clock,
      log,
      signal: ending.signal,
      asked,
      setLogLevel: (level) => void (log.level = level),
    });
    options.say(JSON.stringify({ kind: "ready", ...daemon.ready }));
    await notifier.ready().catch(async (error: unknown) => {
      await daemon.stop();
      throw error;
    });
    const alive = setInterval(() => {
      const lastMs = daemon.lastAliveMs?.();
      if (lastMs === undefined || clock.monotonicMs() - lastMs < hangMs) notifier.alive();
    }, notifier.pingMs);
    const why = await Promise.race([aborted(asked), ...(daemon.failed ? [daemon.failed] : [])]);
    clearInterval(alive);
    const failure = why instanceof Error ? why : undefined;
    if (failure) log.error({ code: errorCode(failure), error: failure.message }, "cannot go on, stopping");
    else log.info({ why }, "stopping");
    notifier.stopping();
    const late = setTimeout(() => {
      log.error({}, "did not stop in time");
      process.exit(exitCode.checkFailed);
    }, stopWithinMs);
    await daemon.stop();
    clearTimeout(late);
    return failure ? exitCode.unreachable : exitCode.good;
  } finally {
    ending.abort();
  }
}
