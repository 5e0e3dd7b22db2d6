import pino from "pino";
import type { Log, LogLevel } from "../core/log.ts";

/** Logs of a program as JSON lines on stderr, written at once so that a crash loses none. */
export function stderrLog(name: string, level: LogLevel = "info"): Log & { level: string } {
  return pino({ level, base: { name } }, pino.destination({ fd: 2, sync: true }));
}
