import { AbiCoder } from "ethers/abi";
import { computeAddress } from "ethers/transaction";
import { concat } from "ethers/utils";
import { AppError } from "../../core/app-error.ts";
import { chainError } from "./chain-error.ts";
import { chainProvider } from "./chain-provider.ts";
import devEuro from "../contracts/dev-euro.json" with { type: "json" };
import settlement from "../contracts/settlement.json" with { type: "json" };
import { deployerInput, deterministicAddress, deterministicDeployer, ensureDeployer } from "./deterministic-deployer.ts";
import { type Mined, transactor } from "./transactor.ts";

/** Which chain, and the private key that pays for gas. It gets no rights from that. */
export interface DeployOptions {
  rpcUrl: string;
  chainId: number;
  privateKey: string;
  pollMs?: number;
}

/** What decides about a settlement contract, and so about its address. */
export interface SettlementPlace {
  /** A plain ERC-20 whose unit is one micro-unit of the currency. */
  token: string;
  /** Who registers and retires parties; not an aggregator. */
  registrar: string;
}

/** Deploys the worthless euro of development chains; the key's address gets `supply` micro-units. Gives its address. */
export async function deployDevEuro(options: DeployOptions, supply: bigint): Promise<string> {
  return (await createOnce(options, "deploying DevEuro", devEuroCode(computeAddress(options.privateKey), supply))).address;
}

/** Deploys the settlement contract where it is not there yet. Gives its address, lower case. */
export async function deploySettlement(options: DeployOptions, place: SettlementPlace): Promise<string> {
  return (await createOnce(options, "deploying Settlement", settlementCode(place))).address;
}

/** Creation code of the settlement contract, arguments included; deterministicAddress says where that leads. */
export function settlementCode({ token, registrar }: SettlementPlace): string {
  return withArguments(settlement.bytecode, ["address", "address"], [token, registrar]);
}

/** The same of the worthless euro. */
export function devEuroCode(holder: string, supply: bigint): string {
  return withArguments(devEuro.bytecode, ["address", "uint256"], [holder, supply]);
}

/**
 * Creates a contract at the address that follows from its creation code, or finds it there.
 * @returns its address, and the transaction, which is null where it was there already
 * @throws AppError as ChainClient, and chain-no-deployer
 */
export async function createOnce(
  { rpcUrl, chainId, privateKey, pollMs = 250 }: DeployOptions,
  what: string,
  initCode: string,
): Promise<{ address: string; mined: Mined | null }> {
  const provider = chainProvider(rpcUrl, chainId);
  const address = deterministicAddress(initCode);
  try {
    const there = async (): Promise<boolean> => (await provider.getCode(address)) !== "0x";
    if (await there()) return { address, mined: null };
    const from = transactor(provider, privateKey, { pollMs });
    await ensureDeployer(provider, from, pollMs);
    const mined = await from.send({ what, to: deterministicDeployer.address, data: deployerInput(initCode) });
    if (!(await there())) throw new AppError("chain-reverted", `${what}: transaction ${mined.hash} created no contract`);
    return { address, mined };
  } catch (error) {
    throw chainError(what, error);
  } finally {
    provider.destroy();
  }
}

function withArguments(bytecode: string, types: string[], values: unknown[]): string {
  return concat([bytecode, AbiCoder.defaultAbiCoder().encode(types, values)]);
}
