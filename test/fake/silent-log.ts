import type { Log } from "../../core/log.ts";

/** A log that keeps warnings and errors for the test to look at. */
export function silentLog(): Log & { lines: { level: string; message: string; fields: Record<string, unknown> }[] } {
  const lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const keep = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, message, fields });
  return { lines, debug: () => undefined, info: () => undefined, warn: keep("warn"), error: keep("error") };
}
