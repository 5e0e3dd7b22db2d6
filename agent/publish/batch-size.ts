/** How many rows go into one message. */
export interface BatchSize {
  rows(): number;
  /** Rows were on their way, and none of them was receipted before all had to be sent again. */
  failed(): void;
  /** Some were receipted. */
  succeeded(): void;
}

/** So long a size stays that passes after a larger one did not; it may not have been the size, so then a larger one is tried. */
const keepMs = 3_600_000;

/**
 * Finds a size that passes where a broker, or whatever lies before it, takes only small messages and does not say so: the
 * larger ones vanish, or end the connection. Halves as long as nothing comes through.
 * @param options.most at the beginning, and at the most
 * @param options.monotonicMs steady milliseconds
 */
export function batchSize(options: { most: number; monotonicMs: () => number }): BatchSize {
  const { most, monotonicMs } = options;
  let rows = most;
  let growFromMs = -Infinity;
  return {
    rows: () => rows,
    failed() {
      // Where a single row does not pass either nobody was there: it was not the size.
      growFromMs = rows === 1 ? -Infinity : monotonicMs() + keepMs;
      rows = Math.max(1, Math.floor(rows / 2));
    },
    succeeded() {
      if (monotonicMs() >= growFromMs) rows = Math.min(most, rows * 2);
    },
  };
}
