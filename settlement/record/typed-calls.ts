import type { SettlementDomain } from "./domain.ts";
import { signTyped, typedDigest, type TypedDataSigner } from "./signature.ts";

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

/** A household's word that another key is to sign for it. */
export interface KeyRotation {
  owner: string;
  /** The signer that gives up its place, and the one that takes it. */
  from: string;
  to: string;
  /** Unix seconds. */
  time: number;
}

/** Authorises the next signer key of an owner. Signed by the present one. */
export function signRotation(
  wallet: TypedDataSigner,
  domain: SettlementDomain,
  { owner, from, to, time }: KeyRotation,
): Promise<string> {
  return signTyped(wallet, domain, { KeyRotation: rotationFields }, { owner, from, to, time });
}

/** EIP-712 digest of what signRotation signs. */
export function rotationDigest(domain: SettlementDomain, { owner, from, to, time }: KeyRotation): string {
  return typedDigest(domain, { KeyRotation: rotationFields }, { owner, from, to, time });
}

const rotationFields = [
  { name: "owner", type: "address" },
  { name: "from", type: "address" },
  { name: "to", type: "address" },
  { name: "time", type: "uint64" },
];

/** Signs a withdrawal with an owner's own key: a signer cannot let money out. */
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
