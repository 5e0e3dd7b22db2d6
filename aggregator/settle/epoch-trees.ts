import { buildEpoch, type Epoch } from "../../settlement/log/epoch.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/** The tree of an epoch, null for one that is not there. */
export type TreeOf = (epoch: number) => Promise<Epoch | null>;

/** Trees that are kept; each has some hundred bytes for a leaf. */
const mostKept = 4;

/** Builds trees and keeps those that were asked for last: a large one takes seconds, and its leaves never change. */
export function epochTrees(store: Pick<AggregatorStore, "epochAt">): TreeOf {
  const kept = new Map<number, Promise<Epoch | null>>();
  const build = async (epoch: number): Promise<Epoch | null> => {
    const digests = (await store.epochAt(epoch))?.digests;
    // Of one that was lost here, and whose data nobody has, nothing can be proven.
    return digests && digests.length > 0 ? buildEpoch(digests) : null;
  };
  return (epoch) => {
    const tree = kept.get(epoch) ?? build(epoch);
    kept.delete(epoch);
    kept.set(epoch, tree);
    const forget = (): void => void kept.delete(epoch);
    tree.then((built) => built ?? forget(), forget);
    for (const oldest of kept.keys()) {
      if (kept.size <= mostKept) break;
      kept.delete(oldest);
    }
    return tree;
  };
}
