import { AppError } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { ChainClient } from "../../settlement/chain/chain-client.ts";
import { settlementInterface } from "../../settlement/chain/chain-error.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Spent } from "../../settlement/chain/transactor.ts";

/**
 * Sees through what an earlier run had on its way, so that its cost is kept and nothing of an epoch is sent twice. Done once;
 * called again, it does nothing.
 * @throws AppError of the chain client where the chain does not answer; then it is done by a later call
 */
export function chainResumer(options: {
  store: AggregatorStore;
  chain: Pick<ChainClient, "resume" | "contract">;
  /** The party whose epochs these are; null where the chain has only their roots. */
  owner: string | null;
  noteSpent: Spent;
  log: Log;
}): () => Promise<void> {
  const { store, chain, owner, log } = options;
  let done = false;
  /** What a transaction of ours did to epochs of ours; gives the leaves that it committed. */
  const takeEvents = async (hash: string, logs: readonly { address: string; topics: readonly string[]; data: string }[]) => {
    let leaves = 0;
    for (const entry of logs) {
      if (entry.address.toLowerCase() !== chain.contract) continue;
      const event = settlementInterface.parseLog(entry);
      if (event?.name !== "Committed" && event?.name !== "BlobsAttached") continue;
      const { by, epoch: number, blobs } = event.args.toObject() as { by: string; epoch: bigint; blobs: readonly string[] };
      const stored = by.toLowerCase() === owner ? await store.epochAt(Number(number)) : null;
      if (!stored) continue;
      if (event.name === "Committed") {
        leaves += stored.digests.length;
        await store.epochCommitted(stored.epoch, hash);
        await store.epochBlobs(stored.epoch, blobs.length);
      } else await store.epochBlobs(stored.epoch, stored.blobs + blobs.length);
    }
    return leaves;
  };
  return async () => {
    if (done) return;
    for (const { what, outcome } of await chain.resume()) {
      if (outcome instanceof AppError)
        log.warn({ what, code: outcome.code, error: outcome.message }, "what was on its way failed");
      else {
        await options.noteSpent(what, outcome, await takeEvents(outcome.hash, outcome.logs));
        log.info({ what, tx: outcome.hash }, "what was on its way is on chain");
      }
    }
    done = true;
  };
}
