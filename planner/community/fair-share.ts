import { beyondWh, type Board, type Line } from "./board.ts";

/** How much more than the others the most curtailed party may keep. */
const mostWeight = 3;

/** How much a party may keep where all have to give something up: more for those who gave up more before. */
export function weightsOf(missedBefore: readonly number[]): number[] {
  const mean = missedBefore.reduce((sum, wh) => sum + wh, 0) / Math.max(1, missedBefore.length);
  return missedBefore.map((wh) => (mean > 0 ? Math.min(mostWeight, 1 + wh / mean) : 1));
}

/**
 * The level under which a sum is kept where each takes the lesser of its want and its weight times the level: those who want
 * little keep all of it, the others share alike. Infinity where all wants fit.
 */
export function fairLevel(wants: readonly number[], weights: readonly number[], limit: number): number {
  const sumAt = (level: number): number =>
    wants.reduce((sum, want, index) => sum + (want > 0 ? Math.min(want, level * (weights[index] ?? 1)) : want), 0);
  if (sumAt(Infinity) <= limit) return Infinity;
  let [low, high] = [0, Math.max(...wants)];
  for (let halving = 0; halving < 50; halving += 1) {
    const middle = (low + high) / 2;
    if (sumAt(middle) <= limit) low = middle;
    else high = middle;
  }
  return low;
}

/** The most that each party may take in each slot that has too much import now, by the lines that it hangs on. */
export function fairMosts<Plan>(board: Board<Plan>, weights: readonly number[]): (party: number, slot: number) => number {
  const levels = new Map<Line, Float64Array>();
  for (const line of board.lines) {
    const { feeder, total } = line;
    const own = feeder.members.map((party) => weights[party] ?? 1);
    levels.set(
      line,
      total.map((all, slot) => {
        if (feeder.soft || beyondWh(feeder, slot, all) <= 0) return Infinity;
        const wants = feeder.members.map((party) => board.answers[party]?.netWh[slot] ?? 0);
        return fairLevel(wants, own, feeder.importLimitWh[slot] as number);
      }),
    );
  }
  return (party, slot) => {
    let most = Infinity;
    for (const line of board.linesOf[party] ?? [])
      most = Math.min(most, (levels.get(line)?.[slot] ?? Infinity) * (weights[party] ?? 1));
    return most;
  };
}

/** What each party had to give up so far, Wh: what is older counts less. */
export function curtailmentRecord(
  before: ReadonlyMap<string, number>,
  curtailedWh: ReadonlyMap<string, number>,
  keep = 0.97,
): Map<string, number> {
  const record = new Map<string, number>();
  for (const [party, wh] of before) if (wh * keep > 1) record.set(party, wh * keep);
  for (const [party, wh] of curtailedWh) if (wh > 0) record.set(party, (record.get(party) ?? 0) + wh);
  return record;
}
