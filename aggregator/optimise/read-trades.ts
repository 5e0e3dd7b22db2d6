import type { TradedSlot } from "../../core/message/traded.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/** What a home has traded of slots that are not over, while its household allows the aggregator to know: else nothing. */
export async function readTrades(
  store: Pick<AggregatorStore, "traded" | "consents">,
  site: string,
  nowMs: number,
): Promise<readonly TradedSlot[]> {
  const open = (await store.traded(site)).filter(({ end }) => Date.parse(end) > nowMs);
  if (open.length === 0) return open;
  const newest = (await store.consents(site)).findLast(({ consent }) => consent.scope === "trades")?.consent;
  const isAllowed = newest?.given === true && (newest.until === null || Date.parse(newest.until) > nowMs);
  return isAllowed ? open : [];
}
