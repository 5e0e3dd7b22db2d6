import { type TypedDataDomain, TypedDataEncoder } from "ethers/hash";

/** Which settlement contract on which chain. Part of everything that is signed, so nothing can be replayed elsewhere. */
export interface SettlementDomain {
  chainId: number;
  /** Address of the contract, lower case. */
  contract: string;
}

/** The EIP-712 domain of one settlement contract. */
export function typedDomain({ chainId, contract }: SettlementDomain): TypedDataDomain {
  return { name: "Smart-MLA Settlement", version: "1", chainId, verifyingContract: contract };
}

/** The newest answer: nearly everybody works with one contract on one chain. */
let newest = { of: "", separator: "" };

/** EIP-712 hash of that domain. */
export function domainSeparator(domain: SettlementDomain): string {
  const of = `${domain.chainId} ${domain.contract}`;
  if (newest.of !== of) newest = { of, separator: TypedDataEncoder.hashDomain(typedDomain(domain)) };
  return newest.separator;
}
