/** Less likely numbers at either end are left out. */
const leastLikely = 1e-9;

/**
 * How many of several are there, each with its own likelihood and without regard to the others: the least numbers that are not
 * exceeded on 10, 50 and 90 of a hundred such occasions. Pure.
 * @param shares likelihoods, 0 to 1
 */
export function countQuantiles(shares: readonly number[]): { q10: number; q50: number; q90: number } {
  // Likelihood of each number from `first` on; one after the other joins.
  let [first, odds] = [0, [1]];
  for (const given of shares) {
    const share = Math.min(1, Math.max(0, given));
    const next = odds.map((one, at) => one * (1 - share) + (at > 0 ? (odds[at - 1] ?? 0) * share : 0));
    next.push((odds.at(-1) ?? 0) * share);
    const least = next.findIndex((one) => one > leastLikely);
    const most = next.findLastIndex((one) => one > leastLikely);
    first += least;
    odds = next.slice(least, most + 1);
  }
  const all = odds.reduce((sum, one) => sum + one, 0);
  const at = (quantile: number): number => {
    let sum = 0;
    for (const [more, one] of odds.entries()) {
      sum += one;
      if (sum >= quantile * all - leastLikely) return first + more;
    }
    return first + odds.length - 1;
  };
  return { q10: at(0.1), q50: at(0.5), q90: at(0.9) };
}
