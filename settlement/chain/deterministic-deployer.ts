import { getCreate2Address } from "ethers/address";
import { keccak256 } from "ethers/crypto";
import type { JsonRpcProvider } from "ethers/providers";
import { concat } from "ethers/utils";
import { AppError } from "../../core/app-error.ts";
import type { Transactor } from "./transactor.ts";

/**
 * The contract that creates others by CREATE2 and is at the same address on nearly every chain. Its code returns the address
 * of what it created. Source: github.com/Arachnid/deterministic-deployment-proxy.
 */
export const deterministicDeployer = {
  address: "0x4e59b44847b379578588920ca78fbf26c0b4956c",
  /** What is there once it is deployed; for the genesis of a new chain. */
  code: "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3",
  /** Whose transaction creates it. Nobody has the key: the signature was made up, and the sender computed from it. */
  sender: "0x3fab184622dc19b6109349b94811493bf2a45362",
  /** That transaction. It names no chain, so it is good on each; some nodes refuse such. */
  transaction:
    "0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222",
  /** What its gas costs at the price in it: 100,000 at 100 gwei. */
  costWei: 10n ** 16n,
} as const;

/** The same for every contract of ours: code and arguments alone make the address. */
const salt = keccak256(new TextEncoder().encode("Smart-MLA"));

/** Where a contract with this creation code and its arguments is or will be, lower case; the same on every chain. */
export function deterministicAddress(initCode: string): string {
  return getCreate2Address(deterministicDeployer.address, salt, keccak256(initCode)).toLowerCase();
}

/** What to send to the deployer, so that it creates the contract. */
export function deployerInput(initCode: string): string {
  return concat([salt, initCode]);
}

/**
 * Puts the deployer on a chain that does not have it: the sender of its transaction is given what that costs.
 * @throws AppError chain-no-deployer where the node refuses that transaction; errors of the provider and of send
 */
export async function ensureDeployer(provider: JsonRpcProvider, from: Transactor, pollMs: number): Promise<void> {
  const there = async (): Promise<boolean> => (await provider.getCode(deterministicDeployer.address)) !== "0x";
  if (await there()) return;
  const { sender: to, transaction, costWei } = deterministicDeployer;
  const missing = costWei - (await provider.getBalance(to));
  if (missing > 0n) await from.send({ what: "paying for the deterministic deployer", to, data: "0x", value: missing });
  try {
    await provider.send("eth_sendRawTransaction", [transaction]);
  } catch (cause) {
    throw new AppError(
      "chain-no-deployer",
      `this chain has no deterministic deployer at ${deterministicDeployer.address} and takes no transaction without a chain id; put its code into the genesis file`,
      { cause },
    );
  }
  while (!(await there())) await new Promise((resolve) => setTimeout(resolve, pollMs));
}
