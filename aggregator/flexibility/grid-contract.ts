import { readGridContract } from "../../settlement/record/read-grid-contract.ts";
import type { AggregatorConfig, FeederConfig } from "../config/aggregator-config.ts";
import type { AggregatorSettlement } from "../config/settlement-config.ts";
import type { IncomeSource } from "../reward/income.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { flexOrderIncome } from "./flex-orders.ts";
import { meteredAt, ordersHere, type OrderOf } from "./metered-orders.ts";

/** What settlement needs of the market: the contract with the grid operator, and what orders bring in. */
export function gridContract(
  { market }: Pick<AggregatorConfig, "market">,
  settlement: AggregatorSettlement,
  feeders: readonly FeederConfig[],
  store: AggregatorStore,
): {
  grid: { site: string; signed: ReturnType<typeof readGridContract>; orderOf: OrderOf } | null;
  income: readonly IncomeSource[];
} {
  const income = market ? [flexOrderIncome(store)] : [];
  const file = market?.operator.agreementFile;
  if (!market || file === undefined) return { grid: null, income };
  const signed = readGridContract(file, { ...settlement, currency: market.currency, timezone: market.timezone });
  const orderOf = ordersHere(store, meteredAt(market, feeders, store));
  return { grid: { site: market.operator.domain, signed, orderOf }, income };
}
