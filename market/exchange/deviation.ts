import { imbalanceMicro, type ImbalancePrices } from "../wholesale/imbalance.ts";

/** What a participant traded in one slot and what its meter says; Wh. */
export interface Delivered {
  participant: string;
  soldWh: number;
  boughtWh: number;
  meteredImportWh: number;
  meteredExportWh: number;
}

/** What a participant owes for the difference, micro-units; negative: it gets it. */
export interface Deviation {
  participant: string;
  /** Taken beyond what was bought less sold; negative: less taken, or more given. */
  wh: number;
  owesMicro: bigint;
}

/**
 * Settles what was traded and not done, or done and not traded, at balancing prices. What a supplier delivers anyway is not here:
 * only participants whose residual is the exchange's business, each by its own contract.
 */
export function deviations(delivered: readonly Delivered[], prices: ImbalancePrices): Deviation[] {
  return delivered.map(({ participant, soldWh, boughtWh, meteredImportWh, meteredExportWh }) => {
    const imbalance = { positionWh: boughtWh - soldWh, meteredWh: meteredImportWh - meteredExportWh };
    return {
      participant,
      wh: imbalance.meteredWh - imbalance.positionWh,
      owesMicro: imbalanceMicro(imbalance, prices),
    };
  });
}
