import type { SettlementDomain } from "./domain.ts";
import { recoverSigner, signTyped, typedDigest, type TypedDataSigner } from "./signature.ts";

/** Who asks a watchtower for the newest records of a pair shows by this that it is one of the two. */
export interface HeadRequest {
  a: string;
  b: string;
  /** Unix seconds. */
  time: number;
}

const fields = {
  HeadRequest: [
    { name: "a", type: "address" },
    { name: "b", type: "address" },
    { name: "time", type: "uint64" },
  ],
};

/** Signed by a party's signer. */
export function signHeadRequest(wallet: TypedDataSigner, domain: SettlementDomain, { a, b, time }: HeadRequest): Promise<string> {
  return signTyped(wallet, domain, fields, { a, b, time });
}

/** Address, lower case, of the key under it. @throws AppError settlement-bad-signature */
export function headRequestSigner(domain: SettlementDomain, { a, b, time }: HeadRequest, signature: string): string {
  return recoverSigner(typedDigest(domain, fields, { a, b, time }), signature);
}
