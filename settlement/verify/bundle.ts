import { z } from "zod";
import { Address, Hash, Signature } from "../../core/message/fields.ts";
import { PriceSeries } from "../../core/message/price-series.ts";
import { EpochInclusion, Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import { SignedAgreement } from "../record/agreement.ts";
import { SignedGridAgreement } from "../record/grid-agreement.ts";

/**
 * All that is needed to prove one record without asking anyone but the chain.
 * It holds meter data of one service period: who gets a bundle can read it.
 */
export const Bundle = z.strictObject({
  v: z.literal(1),
  chainId: z.int().positive(),
  /** The settlement contract. */
  contract: Address,
  /** Where a node of the chain may be asked; a hint that proves nothing, since the bundle's author chose it. */
  rpc: z.url({ protocol: /^https?$/ }).nullable(),
  /** Digest of the record, as it is in the Merkle tree. */
  digest: Hash,
  record: RecordWire.strict(),
  evidence: Evidence,
  agreement: z.union([SignedAgreement, SignedGridAgreement]),
  /** Price series of an energy record, null for others. */
  prices: PriceSeries.nullable(),
  signatureA: Signature,
  signatureB: Signature,
  /** The record before, null for the first of a pair. */
  previous: RecordWire.strict().nullable(),
  /** The epoch in which a party published the record, null while none has. */
  inclusion: EpochInclusion.strict().nullable(),
  /** The epoch that bound a party to the price series before the service period began; null where none did. */
  pricesInclusion: EpochInclusion.strict().nullable().default(null),
});
export type Bundle = z.infer<typeof Bundle>;
