import { AppError, errorMessage } from "../../core/app-error.ts";
import type { Agreement, SignedAgreement } from "./agreement.ts";
import { canonicalHash } from "./canonical-hash.ts";
import type { SettlementDomain } from "./domain.ts";
import type { GridAgreement, SignedGridAgreement } from "./grid-agreement.ts";
import { recoverSigner, signTyped, typedDigest, type TypedDataSigner, type TypedFields } from "./signature.ts";

const types: TypedFields = { AgreementTerms: [{ name: "terms", type: "bytes32" }] };

/** Terms that two parties sign: with a household, or with a grid operator. */
export type Terms = Agreement | GridAgreement;
/** The same with both signatures. */
export type SignedTerms = SignedAgreement | SignedGridAgreement;

/** The contract and chain that an agreement is settled on. */
export function domainOf({ chainId, settlementContract }: Pick<Terms, "chainId" | "settlementContract">): SettlementDomain {
  return { chainId, contract: settlementContract };
}

/** Hash of the terms; stands as `agreement` in every record. */
export function agreementHash(agreement: Terms): string {
  return canonicalHash(agreement);
}

/** Signs an agreement with the signer key of one party. */
export function signAgreement(wallet: TypedDataSigner, agreement: Terms): Promise<string> {
  return signTyped(wallet, domainOf(agreement), types, { terms: agreementHash(agreement) });
}

/** Whose signature it is under an agreement. @throws AppError agreement-not-signed where it is none */
export function agreementSigner(agreement: Terms, side: "a" | "b", signature: string): string {
  return recover(side, typedDigest(domainOf(agreement), types, { terms: agreementHash(agreement) }), signature);
}

/**
 * Checks that both signer keys named in an agreement have signed it. Gives its hash.
 * Whether those keys belong to the parties is for the chain to say.
 * @throws AppError agreement-not-signed naming the side
 */
export function verifyAgreement({
  agreement,
  signatureA,
  signatureB,
}: {
  agreement: Terms;
  signatureA: string;
  signatureB: string;
}): string {
  for (const [side, expected, signature] of [
    ["a", agreement.signerA, signatureA],
    ["b", agreement.signerB, signatureB],
  ] as const) {
    const signer = agreementSigner(agreement, side, signature);
    if (signer !== expected) throw notSigned(side, `is by ${signer}, expected ${expected}`);
  }
  return agreementHash(agreement);
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
