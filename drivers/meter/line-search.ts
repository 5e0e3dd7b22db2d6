/** Where the search for a line's speed and parity stands. Instants in ms. */
export interface LineSearch {
  /** Number of the candidate in use. */
  at: number;
  /** When this candidate was chosen, or the last reading came under it. */
  sinceMs: number;
  /** Bytes heard since then that made no reading. */
  strayBytes: number;
  /** True once a reading came under this candidate. */
  proven: boolean;
}

/** Frames come every 1 to 10 s: a candidate is given the time of two. */
const dwellMs = 22_000;
/** A candidate that has worked is not given up for a bad line, only when nothing has fitted for long. */
const provenDwellMs = 5 * 60_000;
/** A few bytes are noise of an open contact and say nothing about the speed. */
const fewBytes = 32;

/** The search at its first candidate. */
export function lineSearch(nowMs: number): LineSearch {
  return { at: 0, sinceMs: nowMs, strayBytes: 0, proven: false };
}

/** A reading came: this candidate is right. */
export function afterReading(search: LineSearch, nowMs: number): LineSearch {
  return { at: search.at, sinceMs: nowMs, strayBytes: 0, proven: true };
}

/** Bytes came: goes on to the next candidate when this one had its time and made nothing of them. */
export function afterBytes(search: LineSearch, bytes: number, nowMs: number, candidates: number): LineSearch {
  const strayBytes = search.strayBytes + bytes;
  const patienceMs = search.proven ? provenDwellMs : dwellMs;
  if (candidates < 2 || strayBytes < fewBytes || nowMs - search.sinceMs < patienceMs) return { ...search, strayBytes };
  return { at: (search.at + 1) % candidates, sinceMs: nowMs, strayBytes: 0, proven: false };
}
