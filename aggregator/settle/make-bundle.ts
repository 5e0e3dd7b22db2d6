import type { SignedAgreement } from "../../settlement/agreement.ts";
import type { Bundle } from "../../settlement/bundle.ts";
import { buildEpoch } from "../../settlement/epoch.ts";
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
  const epoch = (await store.epochs()).find((one) => one.epoch === stored.epoch && one.committedTx !== null);
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
    inclusion: epoch
      ? {
          by: context.owner,
          epoch: epoch.epoch,
          root: epoch.root,
          count: epoch.digests.length,
          proof: buildEpoch(epoch.digests).proofOf(stored.digest),
        }
      : null,
    pricesInclusion: null,
  };
}
