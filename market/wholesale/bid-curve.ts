import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { mostLimit, mostWh } from "../exchange/auction-order.ts";
import { isProduct } from "./product.ts";

/** So much is bought, or sold, where the price is at the limit or better. */
export interface CurveStep {
  side: "buy" | "sell";
  wh: number;
  /** Micro-units per kWh: the most of a buyer, the least of a seller. */
  limit: bigint;
}

/** What one participant wants in one product of a quarter of an hour. Steps add up. */
export interface BidCurve {
  participant: string;
  /** Start of the product, ms. */
  startMs: number;
  steps: CurveStep[];
}

/** Bounds of an exchange; micro-units per kWh (1 EUR/MWh is 1000) and Wh. */
export interface Bounds {
  lowest: bigint;
  highest: bigint;
  /** Volumes are multiples of it, as 0.1 MW for a quarter of an hour: 25,000 Wh. */
  lotWh: number;
  /** Limits are multiples of it, as 0.01 EUR/MWh: 10. */
  tick: bigint;
}

/**
 * Bounds of many European auctions: -500 to 4000 EUR/MWh, 0.1 MW, 0.01 EUR/MWh. The exchange's own rules decide: give others
 * where they differ.
 */
export const usualBounds: Bounds = { lowest: -500_000n, highest: 4_000_000n, lotWh: 25_000, tick: 10n };

/** @throws AppError market-bad-curve for what an exchange would not take; names participant and product */
export function checkCurve({ participant, startMs, steps }: BidCurve, bounds: Bounds): void {
  const refuse = (why: string): AppError =>
    new AppError("market-bad-curve", `curve of ${participant} for ${Number.isFinite(startMs) ? iso(startMs) : startMs}: ${why}`);
  if (!isProduct(startMs)) throw refuse("a product begins on a full quarter of an hour");
  for (const { side, wh, limit } of steps) {
    if (!Number.isInteger(wh) || wh <= 0 || wh > mostWh || wh % bounds.lotWh !== 0)
      throw refuse(`${side} ${wh} Wh is no multiple of ${bounds.lotWh} Wh from there to ${mostWh}`);
    if (limit < bounds.lowest || limit > bounds.highest || limit > mostLimit || limit < -mostLimit)
      throw refuse(`limit ${limit} is not from ${bounds.lowest} to ${bounds.highest} micro-units per kWh`);
    if (limit % bounds.tick !== 0n) throw refuse(`limit ${limit} is no multiple of ${bounds.tick} micro-units per kWh`);
  }
  const buys = steps.filter(({ side }) => side === "buy");
  for (const { limit } of steps.filter(({ side }) => side === "sell"))
    if (buys.some((buy) => buy.limit >= limit)) throw refuse(`it buys where it sells from ${limit}; net the two first`);
}

/** Net volume that a curve takes at a price, Wh: bought less sold, with all steps at their limit or better. */
export function netWhAt({ steps }: BidCurve, price: bigint): number {
  return steps.reduce((sum, { side, wh, limit }) => {
    if (side === "buy") return limit >= price ? sum + wh : sum;
    return limit <= price ? sum - wh : sum;
  }, 0);
}
