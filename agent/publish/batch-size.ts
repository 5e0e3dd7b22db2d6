/** How many rows go into one message. */
export interface BatchSize {
  rows(): number;
  /** Rows were on their way, and none of them was receipted before all had to be sent again. */
  failed(): void;
  /** Some were receipted. */
  succeeded(): void;
}

/** So long a size stays where twice as much was tried after it and did not pass. */
const keepMs = 3_600_000;

/**
 * Finds a size that passes where a broker, or whatever lies before it, takes only small messages and does not say so: the
 * larger ones vanish, or end the connection. Halves as long as nothing comes through, and tries twice as much as soon as
 * something does: mostly it was not the size, but nobody was there.
 * @param options.most at the beginning, and at the most
 * @param options.monotonicMs steady milliseconds
 */
export function batchSize(options: { most: number; monotonicMs: () => number }): BatchSize {
  const { most, monotonicMs } = options;
  let rows = most;
  /** Half as much has just passed. */
  let probing = false;
  let growFromMs = -Infinity;
  return {
    rows: () => rows,
    failed() {
      growFromMs = probing ? monotonicMs() + keepMs : -Infinity;
      probing = false;
      rows = Math.max(1, Math.floor(rows / 2));
    },
    succeeded() {
      probing = rows < most && monotonicMs() >= growFromMs;
      if (probing) rows = Math.min(most, rows * 2);
    },
  };
}
