import type { Feeder, Line } from "./board.ts";

/** How prices move. Shares are of the feeder's limit, prices of the community's price scale. */
export interface PriceRule {
  /** What the choice between two slots is usually worth, money per Wh. */
  scale: number;
  /** A total so far beyond the limit, as a share of it, is answered by one price scale. */
  softness: number;
  /** Share of the limit that is left free while prices are looked for. */
  margin: number;
  /** How far a whole pass of the same overload moves the price, as a share of its answer. */
  speed: number;
  /** The highest price, in price scales. */
  highest: number;
}

export const usualRule = (scale: number): PriceRule => ({ scale, softness: 0.3, margin: 0.005, speed: 1, highest: 20 });

/** What the members are expected to take together once all have answered. */
const expected = ({ total, answered, feeder }: Line, slot: number): number =>
  answered === 0 ? 0 : ((total[slot] as number) * feeder.members.length) / answered;

/** Price of a Wh more on a line: what it has learned, and what stands beyond the limit now. */
export function priceOn(line: Line, slot: number, rule: PriceRule): number {
  const known = line.price[slot] as number;
  return moved(line, slot, rule, [Math.max(0, known), Math.max(0, -known)], 1);
}

/** Moves what a line has learned, after some of its members have answered. @param share of its members that were asked */
export function learn(line: Line, rule: PriceRule, share: number): void {
  for (let slot = 0; slot < line.price.length; slot += 1) {
    const known = line.price[slot] as number;
    line.price[slot] = moved(line, slot, rule, [Math.max(0, known), Math.max(0, -known)], rule.speed * share);
  }
}

function moved(line: Line, slot: number, rule: PriceRule, [up, down]: [number, number], step: number): number {
  const { importLimitWh, exportLimitWh } = line.feeder;
  const total = expected(line, slot);
  const most = rule.highest * rule.scale;
  const by = (limit: number, beyond: (kept: number) => number, sizeWh: number): number => {
    if (!Number.isFinite(limit)) return 0;
    return (rule.scale * step * beyond(limit - rule.margin * sizeWh)) / (rule.softness * sizeWh);
  };
  const higher = up + by(importLimitWh[slot] as number, (kept) => total - kept, line.importSizeWh);
  const lower = down + by(exportLimitWh[slot] as number, (kept) => -total - kept, line.exportSizeWh);
  return Math.min(most, Math.max(0, higher)) - Math.min(most, Math.max(0, lower));
}

/** Where a feeder has no limit that says how large it is. */
const sizeOtherwiseWh = 1000;

/** How large a limit usually is, Wh a slot: the mean of those that are there and not nothing. */
export function usualSize(limits: Feeder["importLimitWh"]): number {
  const known = Array.from(limits, (limit) => Math.abs(limit)).filter((limit) => Number.isFinite(limit) && limit > 0);
  return known.length === 0 ? sizeOtherwiseWh : known.reduce((sum, limit) => sum + limit, 0) / known.length;
}

/** Prices of the last time, where the limits of this time can bear one. */
export function carriedPrices({ importLimitWh, exportLimitWh }: Feeder, known: Float64Array | undefined): Float64Array {
  return importLimitWh.map((limit, slot) => {
    const price = known?.[slot] ?? 0;
    const isBound = Number.isFinite(price > 0 ? limit : exportLimitWh[slot]);
    return Number.isFinite(price) && isBound ? price : 0;
  });
}
