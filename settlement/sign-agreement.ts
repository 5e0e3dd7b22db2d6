import { AppError, errorMessage } from "../core/app-error.ts";
import type { Agreement, SignedAgreement } from "./agreement.ts";
import { canonicalHash } from "./canonical-hash.ts";
import type { SettlementDomain } from "./domain.ts";
import { recoverSigner, signTyped, typedDigest, type TypedDataSigner, type TypedFields } from "./signature.ts";

const types: TypedFields = { AgreementTerms: [{ name: "terms", type: "bytes32" }] };

/** The contract and chain that an agreement is settled on. */
export function domainOf({ chainId, settlementContract }: Agreement): SettlementDomain {
  return { chainId, contract: settlementContract };
}

/** Hash of the terms; stands as `agreement` in every record. */
export function agreementHash(agreement: Agreement): string {
  return canonicalHash(agreement);
}

/** Signs an agreement with the signer key of one party. */
export function signAgreement(wallet: TypedDataSigner, agreement: Agreement): Promise<string> {
  return signTyped(wallet, domainOf(agreement), types, { terms: agreementHash(agreement) });
}

/**
 * Checks that both signer keys named in an agreement have signed it. Gives its hash.
 * Whether those keys belong to the parties is for the chain to say.
 * @throws AppError agreement-not-signed naming the side
 */
export function verifyAgreement({ agreement, signatureA, signatureB }: SignedAgreement): string {
  const terms = agreementHash(agreement);
  const digest = typedDigest(domainOf(agreement), types, { terms });
  for (const [side, expected, signature] of [
    ["a", agreement.signerA, signatureA],
    ["b", agreement.signerB, signatureB],
  ] as const) {
    const signer = recover(side, digest, signature);
    if (signer !== expected) throw notSigned(side, `is by ${signer}, expected ${expected}`);
  }
  return terms;
}

function recover(side: string, digest: string, signature: string): string {
  try {
    return recoverSigner(digest, signature);
  } catch (cause) {
    throw notSigned(side, errorMessage(cause), cause);
  }
}

function notSigned(side: string, why: string, cause?: unknown): AppError {
  return new AppError("agreement-not-signed", `signature of ${side} under the agreement: ${why}`, { cause });
}
