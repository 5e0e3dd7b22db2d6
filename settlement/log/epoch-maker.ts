import { AppError, errorCode } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { ChainClient } from "../chain/chain-client.ts";
import type { Spent } from "../chain/transactor.ts";
import { buildEpoch } from "./epoch.ts";
import type { KeptEpochs, StoredEpoch } from "./kept-epochs.ts";
import type { LogPublisher } from "./log-publisher.ts";

/** Parts that it works with. */
export interface EpochMakerOptions {
  store: KeptEpochs;
  chain: Pick<ChainClient, "commit" | "attachBlobs" | "epochOf" | "readCommit">;
  /** The party that commits. */
  owner: string;
  publisher: LogPublisher;
  /** When the chain cannot undo a block: it says so itself, or so many blocks above it. */
  finality: "finalized" | number;
  noteSpent: Spent;
  log: Log;
}

/** Binds a party to what both sides have signed, and to its prices. */
export interface EpochMaker {
  /** Makes epochs of all co-signed records and announced prices that none holds; they are sent by commit(). */
  gather(nowMs: number): Promise<void>;
  /**
   * Brings to the chain what it has not, and again what it has lost; notes what it cannot lose any more.
   * @throws AppError of the chain client; epoch-conflict where the chain holds another root under one of our numbers
   */
  commit(): Promise<void>;
}

/** Leaves of one epoch: what a node and the memory here bear easily. */
const mostLeaves = 65_536;

/** Every step can be repeated after a crash: an epoch is stored before it is sent, and the chain says what it has. */
export function epochMaker(options: EpochMakerOptions): EpochMaker {
  const { store, chain, owner, publisher, log } = options;
  const finalEpoch = async (): Promise<number> => {
    try {
      return await chain.epochOf(owner, options.finality);
    } catch (error) {
      // That block is older than the contract.
      if (errorCode(error) === "chain-no-contract") return 0;
      throw error;
    }
  };
  const send = async ({ epoch, root, digests, committedTx }: StoredEpoch): Promise<void> => {
    if (committedTx !== null) log.warn({ epoch, tx: committedTx }, "epoch is on the chain no more, committed again");
    await store.epochBlobs(epoch, 0);
    const { data, blobs } = await publisher.place(epoch);
    const mined = await chain.commit(owner, epoch, root, digests.length, data, blobs.slice(0, publisher.blobsAtOnce));
    await store.epochCommitted(epoch, mined.hash);
    await store.epochBlobs(epoch, Math.min(blobs.length, publisher.blobsAtOnce));
    await options.noteSpent("commit", mined, digests.length);
    log.info({ epoch, leaves: digests.length, tx: mined.hash }, "epoch committed");
  };
  /** What did not fit into the transaction that committed it. */
  const attachRest = async ({ epoch, blobs: attached }: StoredEpoch): Promise<void> => {
    // One that was committed without blobs, by another configuration, stays so.
    if (publisher.blobsAtOnce === 0 || attached === 0) return;
    const { blobs } = await publisher.place(epoch);
    for (let from = attached; from < blobs.length; from += publisher.blobsAtOnce) {
      const some = blobs.slice(from, from + publisher.blobsAtOnce);
      await options.noteSpent("attachBlobs", await chain.attachBlobs(owner, epoch, some), 0);
      await store.epochBlobs(epoch, from + some.length);
    }
  };
  return {
    async gather(nowMs) {
      for (;;) {
        const series = (await store.unboundSeries()).filter(({ endMs }) => endMs > nowMs).map(({ hash }) => hash);
        const digests = [...(await store.unanchored(mostLeaves - series.length)), ...series];
        if (digests.length === 0) return;
        const epoch = (await store.newestEpoch()) + 1;
        await store.addEpoch({ epoch, root: buildEpoch(digests).root, digests });
        if (digests.length < mostLeaves) return;
      }
    },
    async commit() {
      if ((await store.unfinishedEpochs()).length === 0) return;
      const onChain = await chain.epochOf(owner);
      // Numbers follow each other: what was lost below stands in the way of everything after it.
      const lost = await store.reopenEpochs(onChain);
      if (lost > 0) log.error({ onChain, lost }, "the chain has lost epochs that it had called final, committed again");
      const unfinished = await store.unfinishedEpochs();
      for (const one of unfinished) {
        const { epoch, root, committedTx } = one;
        if (epoch > onChain) await send(one);
        else {
          if ((await chain.readCommit(owner, epoch))?.root !== root)
            throw new AppError(
              "epoch-conflict",
              `the chain holds another root for epoch ${epoch} of ${owner}; an operator must look`,
            );
          if (committedTx === null) {
            await store.epochCommitted(epoch, "found on chain");
            const { blobs } = await publisher.place(epoch);
            await store.epochBlobs(epoch, Math.min(blobs.length, publisher.blobsAtOnce));
            log.info({ epoch }, "epoch found on chain");
          }
        }
        const now = await store.epochAt(epoch);
        if (now) await attachRest(now);
      }
      const final = await finalEpoch();
      for (const { epoch } of unfinished) if (epoch <= final) await store.epochFinal(epoch);
    },
  };
}
