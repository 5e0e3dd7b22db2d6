import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { Agreement } from "../../settlement/agreement.ts";
import type { ChainClient } from "../../settlement/chain-client.ts";
import { buildEpoch } from "../../settlement/epoch.ts";
import { recordHead } from "../../settlement/record.ts";
import type { AggregatorStore, StoredRecord } from "../store/aggregator-store.ts";

/** Parts that anchoring works with. */
export interface AnchorOptions {
  store: AggregatorStore;
  chain: ChainClient;
  /** The aggregator's own party. */
  owner: string;
  agreements: ReadonlyMap<string, Agreement>;
  log: Log;
}

/**
 * Commits one root over all co-signed records that no epoch holds, and settles the newest record of each pair.
 * Every step can be repeated after a crash: an epoch is stored before it is sent, and the chain says what it has.
 */
export function anchor(options: AnchorOptions): { run(): Promise<void> } {
  const { store, chain, owner, log } = options;
  const commitPending = async (): Promise<void> => {
    const epochs = await store.epochs();
    // Epochs follow one another on chain, so all before the newest that is there are there too.
    const onChain = await chain.epochOf(owner);
    for (const { epoch, root, digests, committedTx } of epochs) {
      if (epoch <= onChain && committedTx !== null) continue;
      if (epoch <= onChain && (await chain.readCommit(owner, epoch))?.root !== root)
        throw new AppError(
          "epoch-conflict",
          `the chain holds another root for epoch ${epoch} of ${owner}; an operator must look`,
        );
      const tx = epoch <= onChain ? "found on chain" : (await chain.commit(owner, epoch, root, digests.length, "0x")).hash;
      await store.epochCommitted(epoch, tx);
      log.info({ epoch, records: digests.length, tx }, "epoch committed");
    }
  };
  const settlePairs = async (): Promise<void> => {
    for (const [site, { a, b }] of options.agreements) {
      const newest = await newestCosigned(site);
      if (!newest?.gatewaySignature || !newest.ownSignature) continue;
      if ((await chain.pairOf(a, b)).seq >= newest.record.seq) continue;
      const [signatureA, signatureB] =
        a === owner ? [newest.ownSignature, newest.gatewaySignature] : [newest.gatewaySignature, newest.ownSignature];
      try {
        const { hash } = await chain.settle(recordHead(newest.record), signatureA, signatureB);
        log.info({ site, seq: newest.record.seq, tx: hash }, "settled on chain");
      } catch (error) {
        log.warn(
          { site, seq: newest.record.seq, code: errorCode(error), error: errorMessage(error) },
          "settlement not taken by the chain",
        );
      }
    }
  };
  const newestCosigned = async (site: string): Promise<StoredRecord | null> => {
    const newest = await store.newestRecord(site);
    if (newest === null || newest.state === "cosigned") return newest;
    return newest.record.seq > 1 ? store.recordAt(site, newest.record.seq - 1) : null;
  };
  let running: Promise<void> | null = null;
  return {
    run() {
      running ??= (async () => {
        const records = await store.unanchored();
        if (records.length > 0) {
          const digests = records.map(({ digest }) => digest);
          const epoch = ((await store.epochs()).at(-1)?.epoch ?? 0) + 1;
          await store.addEpoch({ epoch, root: buildEpoch(digests).root, digests, committedTx: null });
        }
        await commitPending();
        await settlePairs();
      })().finally(() => (running = null));
      return running;
    },
  };
}
