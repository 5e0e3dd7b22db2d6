import type { TypedDataDomain } from "ethers/hash";

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
