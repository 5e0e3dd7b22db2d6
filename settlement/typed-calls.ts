import type { SettlementDomain } from "./domain.ts";
import { signTyped, type TypedDataSigner } from "./signature.ts";

/** Money that both parties let out of the escrow of their pair. */
export interface Withdrawal {
  a: string;
  b: string;
  /** Micro-units from a's side to a, and from b's side to b. */
  amountA: bigint;
  amountB: bigint;
  /** `withdrawals` of the pair on chain. */
  nonce: number;
  /** Unix seconds until which the signatures are good. */
  deadline: number;
}

/** Proves possession of a signer key for its registration under an owner. Signed by that key itself. */
export function signPossession(wallet: TypedDataSigner, domain: SettlementDomain, owner: string): Promise<string> {
  return signTyped(wallet, domain, { PossessionProof: [{ name: "owner", type: "address" }] }, { owner });
}

/** Signs a withdrawal with a party's signer key. */
export function signWithdrawal(wallet: TypedDataSigner, domain: SettlementDomain, withdrawal: Withdrawal): Promise<string> {
  const { a, b, amountA, amountB, nonce, deadline } = withdrawal;
  const fields = [
    { name: "a", type: "address" },
    { name: "b", type: "address" },
    { name: "amountA", type: "uint128" },
    { name: "amountB", type: "uint128" },
    { name: "nonce", type: "uint64" },
    { name: "deadline", type: "uint64" },
  ];
  return signTyped(wallet, domain, { Withdrawal: fields }, { a, b, amountA, amountB, nonce, deadline });
}
