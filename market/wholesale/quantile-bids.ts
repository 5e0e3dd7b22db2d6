import type { BidCurve, Bounds, CurveStep } from "./bid-curve.ts";
import { netted, type ProductOutlook } from "./portfolio-bids.ts";

/**
 * The curve of a load that is not known for certain, beside what is bought already. A lot is worth what being short costs where it
 * is needed, and what being long brings where it is not, each by the share of known errors for which that would be so; so it is
 * bought up to that price, and of what is held already it is sold from that price on. What every known error needs is bought at
 * any price, what none needs is sold at any: nobody plans to be out of balance. Day ahead `positionWh` is 0; intraday the same,
 * with a newer forecast and its smaller errors, corrects what was bought.
 */
export function quantileSteps(product: ProductOutlook, positionWh: number, bounds: Bounds): CurveStep[] {
  const { lotWh, lowest, highest } = bounds;
  const errors = product.errorsWh.length === 0 ? [0] : product.errorsWh;
  /** Needed beyond the position, if that error comes about; rising. */
  const needs = errors.map((error) => product.fixedWh + error - positionWh).toSorted((one, other) => one - other);
  /** What a lot is worth that the errors from the one at an index on need. */
  const worthAt = (at: number, side: "buy" | "sell"): bigint => {
    const value = product.long + ((product.short - product.long) * BigInt(needs.length - at)) / BigInt(needs.length);
    return within(onTick(value, side, bounds.tick), bounds);
  };
  const steps: CurveStep[] = [];
  const add = (side: "buy" | "sell", lots: number, limit: bigint): void => {
    if (lots > 0) steps.push({ side, wh: lots * lotWh, limit });
  };
  // A lot counts by its middle: as many are bought from the position up as have it at or below a need.
  let bought = 0;
  for (const [at, need] of needs.entries()) {
    const lots = Math.max(0, Math.floor(need / lotWh + 0.5));
    add("buy", lots - bought, at === 0 ? highest : worthAt(at, "buy"));
    bought = lots;
  }
  // And as many sold from the position down as have it above one.
  let sold = 0;
  for (const [at, need] of [...needs.entries()].toReversed()) {
    const lots = Math.max(0, Math.ceil(0.5 - need / lotWh) - 1);
    add("sell", lots - sold, at === needs.length - 1 ? lowest : worthAt(at + 1, "sell"));
    sold = lots;
  }
  return netted(steps, bounds);
}

/** A buyer's limit down, a seller's up, to a multiple; below nothing too. */
function onTick(price: bigint, side: "buy" | "sell", tick: bigint): bigint {
  const beyond = ((price % tick) + tick) % tick;
  return beyond === 0n ? price : price - beyond + (side === "sell" ? tick : 0n);
}

const within = (price: bigint, { lowest, highest }: Bounds): bigint =>
  price < lowest ? lowest : price > highest ? highest : price;

/** The same for all products. @param positionWh bought less sold already, by start, ms; none counts as 0 */
export function quantileBids(
  participant: string,
  outlook: readonly ProductOutlook[],
  positionWh: ReadonlyMap<number, number>,
  bounds: Bounds,
): BidCurve[] {
  return outlook.flatMap((product) => {
    const steps = quantileSteps(product, positionWh.get(product.startMs) ?? 0, bounds);
    return steps.length === 0 ? [] : [{ participant, startMs: product.startMs, steps }];
  });
}
