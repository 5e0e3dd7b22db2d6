import type { Pull } from "../../../planner/community/party.ts";
import type { SharingReply } from "../../../planner/community/sharing-round.ts";

/** A load that needs its energy in some slots, at any power up to its most. */
export interface FlexibleLoad {
  energyWh: number;
  /** Most of each slot, Wh. */
  mostWh: Float64Array;
}

/**
 * The exact answer to a pull: the least of price * x + penalty * (x - towards)² with a sum of energyWh, by bisection on the one
 * multiplier of the sum.
 */
export function pulledLoad(
  { energyWh, mostWh }: FlexibleLoad,
  pricePerWh: Float64Array,
  { towards, pricePerWh2 }: Pull,
): SharingReply {
  const under = (multiplier: number): Float64Array =>
    mostWh.map((most, slot) =>
      Math.max(0, Math.min(most, (towards[slot] ?? 0) - ((pricePerWh[slot] ?? 0) - multiplier) / (2 * pricePerWh2))),
    );
  let [low, high] = [-1, 1];
  for (let halving = 0; halving < 100; halving += 1) {
    const middle = (low + high) / 2;
    if (under(middle).reduce((sum, wh) => sum + wh, 0) < energyWh) low = middle;
    else high = middle;
  }
  const netWh = under(high);
  return { netWh, money: netWh.reduce((sum, wh, slot) => sum + wh * (pricePerWh[slot] ?? 0), 0) };
}
