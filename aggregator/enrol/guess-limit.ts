/** How often codes may be tried. */
export interface GuessLimit {
  /** Counts a try of an address; false where it has to wait. */
  allow(address: string): boolean;
}

/** Tries a minute: of one address, and of all together. */
export const triesPerMinute = { each: 10, all: 120 };
const minuteMs = 60_000;

/** Counts tries by address in windows of a minute; a flood of addresses costs no memory beyond the common count. */
export function guessLimit(monotonicMs: () => number): GuessLimit {
  let sinceMs = -Infinity;
  let all = 0;
  let each = new Map<string, number>();
  return {
    allow(address) {
      if (monotonicMs() - sinceMs >= minuteMs) {
        sinceMs = monotonicMs();
        all = 0;
        each = new Map();
      }
      const tries = (each.get(address) ?? 0) + 1;
      if (tries > triesPerMinute.each || all >= triesPerMinute.all) return false;
      all++;
      each.set(address, tries);
      return true;
    },
  };
}
