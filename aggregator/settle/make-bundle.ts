import type { EpochInclusion } from "../../core/message/settlement-message.ts";
import type { Bundle } from "../../settlement/verify/bundle.ts";
import { zeroHash } from "../../settlement/record/record.ts";
import { pricesHash } from "../../settlement/record/reference-hash.ts";
import type { SignedTerms } from "../../settlement/record/sign-agreement.ts";
import type { AggregatorStore, StoredRecord } from "../store/aggregator-store.ts";
import { epochTrees, type TreeOf } from "./epoch-trees.ts";

/** The self-contained proof of one record, or null while it is not signed by both. */
export async function makeBundle(
  store: AggregatorStore,
  stored: StoredRecord,
  context: { agreement: SignedTerms; owner: string; rpc: string; treeOf?: TreeOf },
): Promise<Bundle | null> {
  const { record, gatewaySignature, ownSignature } = stored;
  if (gatewaySignature === null || ownSignature === null) return null;
  const { agreement } = context.agreement;
  const ownIsA = agreement.a === context.owner;
  const previous = record.seq > 1 ? await store.recordAt(stored.site, record.seq - 1) : null;
  const treeOf = context.treeOf ?? epochTrees(store);
  /** Null while the chain has not got the epoch. */
  const inclusionOf = async (number: number, leaf: string): Promise<EpochInclusion | null> => {
    const tree = (await store.isCommitted(number)) ? await treeOf(number) : null;
    return tree && { by: context.owner, epoch: number, root: tree.root, count: tree.count, proof: tree.proofOf(leaf) };
  };
  const hash = stored.prices ? pricesHash(stored.prices) : zeroHash;
  // Null where no epoch binds the series: records of older programs.
  const boundIn = (await store.seriesOf(hash))?.epoch ?? null;
  return {
    v: 1,
    chainId: agreement.chainId,
    contract: agreement.settlementContract,
    rpc: context.rpc,
    digest: stored.digest,
    record,
    evidence: stored.evidence,
    agreement: context.agreement,
    prices: stored.prices,
    signatureA: ownIsA ? ownSignature : gatewaySignature,
    signatureB: ownIsA ? gatewaySignature : ownSignature,
    previous: previous?.record ?? null,
    inclusion: stored.epoch === null ? null : await inclusionOf(stored.epoch, stored.digest),
    pricesInclusion: boundIn === null ? null : await inclusionOf(boundIn, hash),
  };
}
