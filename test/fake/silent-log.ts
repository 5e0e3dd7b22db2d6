import type { Log } from "../../core/log.ts";

/** A log that keeps warnings and errors for the test to look at, and how often each other message was said. */
export function silentLog(): Log & {
  lines: { level: string; message: string; fields: Record<string, unknown> }[];
  informed: (message: string) => number;
} {
  const lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const keep = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, message, fields });
  const counts = new Map<string, number>();
  return {
    lines,
    informed: (message) => counts.get(message) ?? 0,
    debug: () => undefined,
    info: (_fields, message) => void counts.set(message, (counts.get(message) ?? 0) + 1),
    warn: keep("warn"),
    error: keep("error"),
  };
}
