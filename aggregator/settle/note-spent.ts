import type { Clock } from "../../core/clock/clock.ts";
import type { Mined } from "../../settlement/chain/transactor.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/** Keeps what a transaction has cost. @param records that it put into an epoch, or paid for */
export type NoteSpent = (what: string, mined: Mined, records: number) => Promise<void>;

/** Notes the transactions of one chain. */
export function noteSpent(store: Pick<AggregatorStore, "addSpent">, chainId: number, clock: Pick<Clock, "now">): NoteSpent {
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
