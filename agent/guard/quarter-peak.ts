/** What is known of the running quarter of an hour. */
export interface QuarterSoFar {
  startMs: number;
  /** Import counter at its start, or at the first reading in it; Wh. */
  startWh: number;
  /** When that counter was read. */
  sinceMs: number;
}

export const quarterMs = 15 * 60_000;
/** Near its end a quarter leaves anything or nothing; no shorter span is steered by. */
const shortestMs = 60_000;

/** The quarter after one more reading of the import counter. Pure. */
export function quarterAfter(quarter: QuarterSoFar | null, atMs: number, importWh: number): QuarterSoFar {
  const startMs = Math.floor(atMs / quarterMs) * quarterMs;
  if (quarter?.startMs === startMs && importWh >= quarter.startWh) return quarter;
  return { startMs, startWh: importWh, sinceMs: atMs };
}

/**
 * What the rest of the quarter may take so that its mean stays at the peak that is paid for anyway, W. What was drawn
 * before the first reading of the quarter counts as drawn at the peak. Pure.
 * @param nowWh import counter now
 */
export function peakRoomW(quarter: QuarterSoFar, nowMs: number, nowWh: number, peakW: number): number {
  const unseenMs = quarter.sinceMs - quarter.startMs;
  const takenWMs = (nowWh - quarter.startWh) * 3_600_000 + peakW * unseenMs;
  const leftMs = Math.max(shortestMs, quarter.startMs + quarterMs - nowMs);
  return Math.max(0, Math.floor((peakW * quarterMs - takenWMs) / leftMs));
}
