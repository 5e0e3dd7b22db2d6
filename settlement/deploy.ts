import { AbiCoder } from "ethers/abi";
import { concat } from "ethers/utils";
import { AppError } from "../core/app-error.ts";
import { chainProvider } from "./chain-provider.ts";
import devEuro from "./contracts/dev-euro.json" with { type: "json" };
import settlement from "./contracts/settlement.json" with { type: "json" };
import { type Transactor, transactor } from "./transactor.ts";

/** Which chain, and the private key that pays for gas and creates the contracts. */
export interface DeployOptions {
  rpcUrl: string;
  chainId: number;
  privateKey: string;
  pollMs?: number;
}

/** Deploys the worthless euro of development chains; the deployer gets `supply` micro-units. Gives its address. */
export function deployDevEuro(options: DeployOptions, supply: bigint): Promise<string> {
  return deploy(options, "deploying DevEuro", devEuro.bytecode, ["uint256"], [supply]);
}

/**
 * Deploys the settlement contract. Gives its address, lower case.
 * @param token a plain ERC-20 whose unit is one micro-unit of the currency
 * @param registrar who registers and retires parties; not an aggregator
 */
export function deploySettlement(
  options: DeployOptions,
  { token, registrar }: { token: string; registrar: string },
): Promise<string> {
  return deploy(options, "deploying Settlement", settlement.bytecode, ["address", "address"], [token, registrar]);
}

async function deploy(
  { rpcUrl, chainId, privateKey, pollMs }: DeployOptions,
  what: string,
  bytecode: string,
  types: string[],
  args: unknown[],
): Promise<string> {
  const provider = chainProvider(rpcUrl, chainId);
  try {
    const from: Transactor = transactor(provider, privateKey, pollMs === undefined ? {} : { pollMs });
    const { created, hash } = await from.send({ what, data: concat([bytecode, AbiCoder.defaultAbiCoder().encode(types, args)]) });
    if (!created) throw new AppError("chain-reverted", `${what}: transaction ${hash} created no contract`);
    return created;
  } finally {
    provider.destroy();
  }
}
