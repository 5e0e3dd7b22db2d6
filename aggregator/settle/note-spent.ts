import type { Clock } from "../../core/clock/clock.ts";
import type { Spent } from "../../settlement/chain/transactor.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/** Notes the transactions of one chain. */
export function noteSpent(store: Pick<AggregatorStore, "addSpent">, chainId: number, clock: Pick<Clock, "now">): Spent {
  return (what, { hash, block, gasUsed, blobGasUsed, feeWei }, records) =>
    store.addSpent({
      chainId,
      hash,
      what,
      block,
      atMs: clock.now(),
      gas: gasUsed,
      blobGas: blobGasUsed,
      feeWei,
      records,
    });
}
