/**
 * A limit on a radial grid, a cable or transformer, and what hangs on it: groups of parties right there, and further limits below.
 * Energies in Wh a slot, import positive; infinite where there is no limit.
 */
export interface SharedLimit {
  most: Float64Array;
  least: Float64Array;
  /** What an overload is a share of: the limit itself, where other load takes a part of its room. Default: most and least. */
  sizeWh?: Float64Array;
  groups: readonly number[];
  below: readonly SharedLimit[];
}

/** Parties of one place: how many, and what each of them wants in one slot on average. */
export interface Want {
  parties: number;
  meanWh: number;
}

/** Bisection ends when the figures cannot be halved any more. */
const mostHalvings = 200;

/**
 * By how much each party of a group has to stay below what it wants in a slot, so that all limits are kept and the sum of squares of
 * these shifts over all parties is least: the shifts of the limits above it, added up. Undefined limits shift nobody. Pure.
 */
export function leastShifts(limits: readonly SharedLimit[], wants: readonly Want[], slot: number): Float64Array {
  const shifts = new Float64Array(wants.length);
  for (const limit of limits) place(limit, 0);
  return shifts;

  function place(limit: SharedLimit, above: number): void {
    const shift = shiftWithin(limit, above);
    for (const group of limit.groups) shifts[group] = shift;
    for (const below of limit.below) place(below, shift);
  }

  /** The shift at which the sum is within the limit, as near to the one from above as can be. */
  function shiftWithin(limit: SharedLimit, above: number): number {
    const sum = unlimited(limit, above);
    const kept = clipped(limit, sum);
    if (kept === sum) return above;
    if (limit.below.length === 0) {
      const parties = limit.groups.reduce((count, group) => count + (wants[group]?.parties ?? 0), 0);
      return parties === 0 ? above : above + (sum - kept) / parties;
    }
    // The sum falls as the shift rises.
    const up = sum > kept ? 1 : -1;
    let step = Math.max(1, Math.abs(sum - kept));
    for (let doubling = 0; doubling < 60 && up * (unlimited(limit, above + up * step) - kept) > 0; doubling += 1) step *= 2;
    let [near, far] = [above, above + up * step];
    for (let halving = 0; halving < mostHalvings; halving += 1) {
      const middle = (near + far) / 2;
      if (middle === near || middle === far) break;
      if (up * (unlimited(limit, middle) - kept) > 0) near = middle;
      else far = middle;
    }
    return far;
  }

  /** What all below a limit take at a shift, their own limits kept, but not this one. */
  function unlimited(limit: SharedLimit, shift: number): number {
    let sum = 0;
    for (const group of limit.groups) {
      const want = wants[group];
      if (want) sum += want.parties * (want.meanWh - shift);
    }
    for (const below of limit.below) sum += clipped(below, unlimited(below, shift));
    return sum;
  }

  function clipped({ most, least }: SharedLimit, sum: number): number {
    return Math.max(least[slot] as number, Math.min(most[slot] as number, sum));
  }
}

/** The most that the sums go beyond any limit, as a share of it. @param sumsWh what each group takes together */
export function shareBeyond(limits: readonly SharedLimit[], sumsWh: readonly Float64Array[]): number {
  let most = 0;
  for (const limit of limits) sumBelow(limit);
  return most;

  function sumBelow(limit: SharedLimit): Float64Array {
    const sum = new Float64Array(limit.most.length);
    const add = (wh: Float64Array): void => {
      for (let slot = 0; slot < sum.length; slot += 1) sum[slot] = (sum[slot] as number) + (wh[slot] as number);
    };
    for (const group of limit.groups) add(sumsWh[group] ?? sum.map(() => 0));
    for (const below of limit.below) add(sumBelow(below));
    for (const [slot, wh] of sum.entries()) {
      const [high, low] = [limit.most[slot] as number, limit.least[slot] as number];
      const size = limit.sizeWh?.[slot] ?? Math.min(Math.abs(high), Math.abs(low));
      const beyond = Math.max(wh - high, low - wh, 0);
      most = Math.max(most, beyond / (Number.isFinite(size) ? Math.max(1, size) : 1));
    }
    return sum;
  }
}
