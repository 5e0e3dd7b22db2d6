import type { ChainEvent } from "../chain/chain-events.ts";
import type { WantedEpoch } from "./epoch-source.ts";
import { decodeLogPlace } from "./log-place.ts";

export type Committed = Extract<ChainEvent, { name: "Committed" }>;
export type BlobsAttached = Extract<ChainEvent, { name: "BlobsAttached" }>;

/**
 * What the chain says of an epoch.
 * @param attached what was attached to it later, in the order of the chain
 * @throws AppError log-data-malformed where nobody can say what `data` of the commitment means
 */
export function wantedEpoch(event: Committed, attached: readonly BlobsAttached[]): WantedEpoch {
  const { by, epoch, root, count, data } = event;
  const blobs = [event, ...attached].flatMap(({ blobs: hashes, block, timeS: time }) =>
    hashes.map((hash) => ({ hash, block, time })),
  );
  return { by, epoch, root, count, place: decodeLogPlace(data), blobs };
}

/** What has been committed so far, read on from where it was read before. */
export interface EpochIndex {
  /** Undefined where the party has committed no such epoch. @throws AppError of the view, log-data-malformed */
  find(by: string, epoch: number): Promise<WantedEpoch | undefined>;
}

/** @param view the contract's events, such as those of a ChainView */
export function epochIndex(
  view: {
    newestBlock(): Promise<number>;
    events(range: { fromBlock: number; toBlock: number }): AsyncIterable<{ throughBlock: number; events: ChainEvent[] }>;
  },
  firstBlock: number,
): EpochIndex {
  const found = new Map<string, { committed: Committed; attached: BlobsAttached[] }>();
  let fromBlock = firstBlock;
  let last: Promise<unknown> = Promise.resolve();
  const readOn = async (): Promise<void> => {
    const toBlock = await view.newestBlock();
    for await (const page of view.events({ fromBlock, toBlock })) {
      for (const event of page.events)
        if (event.name === "Committed") found.set(`${event.by} ${event.epoch}`, { committed: event, attached: [] });
        else if (event.name === "BlobsAttached") found.get(`${event.by} ${event.epoch}`)?.attached.push(event);
      fromBlock = page.throughBlock + 1;
    }
  };
  return {
    async find(by, epoch) {
      // One after the other, and each after the question: what was just committed must be found.
      const turn = last.then(readOn, readOn);
      last = turn;
      await turn;
      const one = found.get(`${by} ${epoch}`);
      return one && wantedEpoch(one.committed, one.attached);
    },
  };
}
