/** Spans of time, each taken once. */
export interface PeriodList {
  /** False where a part of it is taken already; then all of it counts as taken. */
  add(startMs: number, endMs: number): boolean;
}

/** Spans that touch become one, so a year without a gap takes no more room than a quarter of an hour. */
export function periodList(): PeriodList {
  /** In order, apart from each other. */
  const spans: { startMs: number; endMs: number }[] = [];
  return {
    add(startMs, endMs) {
      // Nearly always the newest, so from behind.
      let after = spans.length;
      while (after > 0 && (spans[after - 1]?.startMs ?? 0) >= endMs) after--;
      let first = after;
      let free = true;
      const joined = { startMs, endMs };
      for (let at = after - 1; at >= 0; at--) {
        const span = spans[at];
        if (!span || span.endMs < startMs) break;
        if (span.endMs > startMs) free = false;
        joined.startMs = Math.min(joined.startMs, span.startMs);
        joined.endMs = Math.max(joined.endMs, span.endMs);
        first = at;
      }
      const next = spans[after];
      if (next?.startMs === joined.endMs) {
        joined.endMs = next.endMs;
        after++;
      }
      spans.splice(first, after - first, joined);
      return free;
    },
  };
}
