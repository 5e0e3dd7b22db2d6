import type { EpochInclusion } from "../../core/message/settlement-message.ts";
import type { SignedAgreement } from "../../settlement/agreement.ts";
import type { Bundle } from "../../settlement/bundle.ts";
import { buildEpoch } from "../../settlement/epoch.ts";
import { pricesHash } from "../../settlement/reference-hash.ts";
import type { AggregatorStore, StoredRecord } from "../store/aggregator-store.ts";

/** The self-contained proof of one record, or null while it is not signed by both. */
export async function makeBundle(
  store: AggregatorStore,
  stored: StoredRecord,
  context: { agreement: SignedAgreement; owner: string; rpc: string },
): Promise<Bundle | null> {
  const { record, gatewaySignature, ownSignature } = stored;
  if (gatewaySignature === null || ownSignature === null) return null;
  const { agreement } = context.agreement;
  const ownIsA = agreement.a === context.owner;
  const previous = record.seq > 1 ? await store.recordAt(stored.site, record.seq - 1) : null;
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
    inclusion: stored.epoch === null ? null : await inclusionOf(store, context.owner, stored.epoch, stored.digest),
    pricesInclusion: stored.prices && (await pricesInclusionOf(store, context.owner, pricesHash(stored.prices))),
  };
}

/** Null while the chain has not got the epoch. */
async function inclusionOf(store: AggregatorStore, by: string, number: number, leaf: string): Promise<EpochInclusion | null> {
  const epoch = await store.epochAt(number);
  if (!epoch || epoch.committedTx === null) return null;
  const { root, count, proofOf } = buildEpoch(epoch.digests);
  return { by, epoch: number, root, count, proof: proofOf(leaf) };
}

/** Null where no epoch binds the series, as it was with records of before it was done. */
async function pricesInclusionOf(store: AggregatorStore, by: string, hash: string): Promise<EpochInclusion | null> {
  const epoch = (await store.seriesOf(hash))?.epoch ?? null;
  return epoch === null ? null : inclusionOf(store, by, epoch, hash);
}
