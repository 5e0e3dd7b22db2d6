import { moneyMicro } from "../../core/units.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { StoredLeg } from "../store/exchange-store.ts";

/** What a participant's trades came to, and what the same energy would have at fixed prices. Money in micro-units. */
export interface Revenue {
  participant: string;
  soldWh: number;
  /** By the exchange; below 0 what it paid at negative prices. */
  receivedMicro: bigint;
  /** As much of it as was fed in, at the aggregator's fixed buying price. */
  soldAtFixedMicro: bigint;
  boughtWh: number;
  /** To the exchange, path fees included. */
  paidMicro: bigint;
  /** As much of it as was drawn, at the supplier's price. */
  boughtAtFixedMicro: bigint;
  /** Sold or bought and not done; what it cost is in neither of the two. */
  undoneWh: number;
  deviationMicro: bigint;
  /** What the exchange left it with beyond the fixed prices, deviations taken off. */
  gainMicro: bigint;
}

/** What energy is worth without the exchange, micro-units per kWh. */
export interface FixedPrices {
  /** What the aggregator pays for surplus, and what the supplier takes for energy. */
  buying: bigint;
  selling: bigint;
}

/** Pure. @param records of the participant, of the same time */
export function revenueOf(
  participant: string,
  legs: readonly StoredLeg[],
  records: readonly { record: RecordWire; evidence: Evidence }[],
  fixed: FixedPrices,
): Revenue {
  const owed = (of: readonly { payer: string; amount: bigint }[]): bigint =>
    of.reduce((sum, { payer, amount }) => sum + (payer === participant ? amount : -amount), 0n);
  const whOf = (of: readonly StoredLeg[]): number => of.reduce((sum, { wh }) => sum + wh, 0);
  const [sold, bought] = [legs.filter(({ side }) => side === "sell"), legs.filter(({ side }) => side === "buy")];
  const corrections = records
    .filter(({ record }) => record.kind === "correction")
    .map(({ record: { payer, amount, wh }, evidence }) => ({
      payer,
      amount: BigInt(amount),
      undoneWh: -wh,
      side: evidence.deviation?.side,
    }));
  const undoneOf = (side: "buy" | "sell" | null): number =>
    corrections.reduce((sum, one) => sum + (side === null || one.side === side ? one.undoneWh : 0), 0);
  const [soldWh, boughtWh] = [whOf(sold), whOf(bought)];
  const [receivedMicro, paidMicro, deviationMicro] = [-owed(sold), owed(bought), owed(corrections)];
  const soldAtFixedMicro = moneyMicro([{ wh: soldWh - undoneOf("sell"), microPerKwh: fixed.buying }]);
  const boughtAtFixedMicro = moneyMicro([{ wh: boughtWh - undoneOf("buy"), microPerKwh: fixed.selling }]);
  return {
    participant,
    soldWh,
    receivedMicro,
    soldAtFixedMicro,
    boughtWh,
    paidMicro,
    boughtAtFixedMicro,
    undoneWh: undoneOf(null),
    deviationMicro,
    gainMicro: receivedMicro - soldAtFixedMicro + (boughtAtFixedMicro - paidMicro) - deviationMicro,
  };
}
