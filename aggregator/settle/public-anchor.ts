import { AppError } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { ChainClient } from "../../settlement/chain/chain-client.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Spent } from "../../settlement/chain/transactor.ts";

/**
 * Commits the roots of a private chain's final epochs on a public chain too, so that its validators together cannot rewrite
 * them unseen. Roots only; numbers there may differ, since each party counts its own epochs on each chain.
 * @throws AppError of the chain client; epoch-conflict where that chain holds another root under our number
 */
export async function anchorPublicly(options: {
  store: AggregatorStore;
  chain: Pick<ChainClient, "commit" | "epochOf" | "readCommit">;
  /** The party as which the key commits there. */
  by: string;
  noteSpent: Spent;
  log: Log;
}): Promise<void> {
  const { store, chain, by, log } = options;
  for (const epoch of await store.finalAfter(await store.newestAnchored())) {
    const stored = await store.epochAt(epoch);
    if (!stored) continue;
    const onChain = await chain.epochOf(by);
    const known = await store.anchoredAs(epoch);
    const anchorEpoch = known?.anchorEpoch ?? onChain + 1;
    if (!known) await store.setAnchored(epoch, anchorEpoch, null);
    if (onChain >= anchorEpoch) {
      // Sent before, and the answer was lost.
      if ((await chain.readCommit(by, anchorEpoch))?.root !== stored.root)
        throw new AppError("epoch-conflict", `the public chain holds another root for epoch ${anchorEpoch} of ${by}`);
      await store.setAnchored(epoch, anchorEpoch, "found on chain");
      continue;
    }
    const mined = await chain.commit(by, anchorEpoch, stored.root, stored.digests.length, "0x");
    await store.setAnchored(epoch, anchorEpoch, mined.hash);
    await options.noteSpent("commit", mined, stored.digests.length);
    log.info({ epoch, anchorEpoch, tx: mined.hash }, "root committed on the public chain");
  }
}
