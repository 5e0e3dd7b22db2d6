import type { NewestStatement } from "../../core/message/settlement-message.ts";
import type { SettlementDomain } from "./domain.ts";
import { recoverSigner, signTyped, typedDigest, type TypedDataSigner } from "./signature.ts";

/** Of which pair one side says what its newest record is. */
interface Pair {
  a: string;
  b: string;
}

const fields = {
  NewestRecord: [
    { name: "a", type: "address" },
    { name: "b", type: "address" },
    { name: "seq", type: "uint64" },
    { name: "digest", type: "bytes32" },
    { name: "time", type: "uint64" },
  ],
};

/**
 * One side's word, under its key, that the record `seq` with that digest is the newest that both have signed; number 0 and a
 * zero digest where there is none. Given to a side that lost its journal: whoever hid a newer one has signed the proof of it.
 */
export async function signNewest(
  wallet: TypedDataSigner,
  domain: SettlementDomain,
  { a, b }: Pair,
  { seq, digest, time }: Omit<NewestStatement, "signature">,
): Promise<NewestStatement> {
  return { seq, digest, time, signature: await signTyped(wallet, domain, fields, { a, b, seq, digest, time }) };
}

/** Address, lower case, of the key under it. @throws AppError settlement-bad-signature */
export function newestSigner(
  domain: SettlementDomain,
  { a, b }: Pair,
  { seq, digest, time, signature }: NewestStatement,
): string {
  return recoverSigner(typedDigest(domain, fields, { a, b, seq, digest, time }), signature);
}
