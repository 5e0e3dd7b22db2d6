import { moneyMicro } from "../../core/units.ts";

/** What a balance group has promised and done in one product; Wh, taken from the grid is positive. */
export interface Imbalance {
  /** Bought less sold on all markets. */
  positionWh: number;
  meteredWh: number;
}

/** Prices of one product, micro-units per kWh. The same in markets with a single price. */
export interface ImbalancePrices {
  /** Paid for energy that was taken beyond the position. */
  short: bigint;
  /** Got for energy that was bought and not taken. */
  long: bigint;
}

/** What the balance group owes the grid operator for one product, micro-units; negative: it gets it. */
export function imbalanceMicro({ positionWh, meteredWh }: Imbalance, { short, long }: ImbalancePrices): bigint {
  const wh = meteredWh - positionWh;
  return moneyMicro([{ wh, microPerKwh: wh > 0 ? short : long }]);
}

/** What all products cost: what was bought ahead and what deviates from it. */
export interface ProductCost {
  aheadMicro: bigint;
  imbalanceMicro: bigint;
  imbalanceWh: number;
}

export function productCost(ahead: { owesMicro: bigint }, imbalance: Imbalance, prices: ImbalancePrices): ProductCost {
  return {
    aheadMicro: ahead.owesMicro,
    imbalanceMicro: imbalanceMicro(imbalance, prices),
    imbalanceWh: imbalance.meteredWh - imbalance.positionWh,
  };
}
