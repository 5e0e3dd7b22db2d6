/** Figures from 0 to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * The numbers from 0 to count - 1 in an order drawn at random. Of `groups` in a row each has another remainder by that number, so
 * that parties which answer side by side are spread evenly over threads that hold every second, fourth or eighth of them.
 */
export function shuffled(count: number, groups: number, random: () => number): number[] {
  const drawn = Array.from({ length: groups }, (_, group) =>
    Array.from({ length: Math.ceil((count - group) / groups) }, (__, index) => ({ party: index * groups + group, at: random() }))
      .toSorted((one, other) => one.at - other.at)
      .map(({ party }) => party),
  );
  return Array.from({ length: Math.ceil(count / groups) }, (_, index) => drawn.flatMap((group) => group[index] ?? [])).flat();
}
