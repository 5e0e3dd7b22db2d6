import { PriceSeries } from "../../core/message/price-series.ts";
import { Evidence } from "../../core/message/settlement-message.ts";
import { canonicalHash } from "./canonical-hash.ts";
import { tradeHash } from "./trade-legs.ts";

/**
 * `ref` of a record: hash of its evidence as it travelled; of a trade that of the trade, which both its records share.
 * Instants count as texts: both sides hash what was proposed, never their own rendering of it.
 */
export function evidenceHash(evidence: Evidence): string {
  return evidence.trade ? tradeHash(evidence.trade.trade) : canonicalHash(Evidence.parse(evidence));
}

/** `prices` of a record: hash of the price series as it travelled, without fields that this version does not know. */
export function pricesHash(series: PriceSeries): string {
  return canonicalHash(PriceSeries.parse(series));
}
