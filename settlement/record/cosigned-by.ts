import { AppError } from "../../core/app-error.ts";
import type { CosignedRecord } from "../../core/message/settlement-message.ts";
import type { ChainReader } from "../chain/chain-reader.ts";
import type { SettlementDomain } from "./domain.ts";
import { signerOf } from "./record.ts";

/**
 * Checks that both parties of a record have signed it, each with its owner's or its present signer's key. Who is the
 * household is not known here: its signature is the one that fits.
 * @throws AppError settlement-not-cosigned, and of the chain
 */
export async function checkCosigned(
  domain: SettlementDomain,
  { record, gatewaySignature, aggregatorSignature }: CosignedRecord,
  chain: Pick<ChainReader, "partyOf">,
): Promise<void> {
  const signers = [gatewaySignature, aggregatorSignature].map((signature) => signerOf(domain, record, signature));
  for (const owner of [record.a, record.b]) {
    const { signer } = await chain.partyOf(owner);
    if (!signers.some((one) => one === owner || one === signer))
      throw new AppError("settlement-not-cosigned", `record ${record.seq} is not signed for ${owner}`);
  }
}
