/** Fields first, then fixed words: `log.warn({ meter: "grid", ageMs }, "reading too old, relay opened")`. */
export type LogCall = (fields: Record<string, unknown>, message: string) => void;

/**
 * The part of a pino logger that the rooms use.
 * error: a person must act; warn: handled; info: a change; debug: each reading.
 */
export interface Log {
  debug: LogCall;
  info: LogCall;
  warn: LogCall;
  error: LogCall;
}

/** Least important lines that are written. */
export type LogLevel = keyof Log;
