import type { CosignedRecord } from "../../core/message/settlement-message.ts";
import type { StoredRecord } from "../store/aggregator-store.ts";

/**
 * A record with both signatures, for a home that lost it; none where one is missing. Slots and events stay out of it: a home
 * cannot check those that it has lost, and the message is small.
 */
export function asCosigned({ record, evidence, gatewaySignature, ownSignature }: StoredRecord): CosignedRecord[] {
  if (gatewaySignature === null || ownSignature === null) return [];
  const { register } = evidence;
  return [{ record, evidence: { register, slots: [] }, gatewaySignature, aggregatorSignature: ownSignature }];
}
