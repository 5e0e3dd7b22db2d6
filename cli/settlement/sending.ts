import type { Wallet } from "ethers/wallet";
import { AppError } from "../../core/app-error.ts";
import { parseMicro } from "../../core/units.ts";
import { chainClient, type ChainClient } from "../../settlement/chain/chain-client.ts";
import { chainError } from "../../settlement/chain/chain-error.ts";
import { chainProvider } from "../../settlement/chain/chain-provider.ts";
import { openKeystore } from "../../settlement/keys/keystore.ts";
import { readPassphrase } from "../../settlement/keys/read-passphrase.ts";

/** Options of every verb that uses a key. */
export interface KeyOptions {
  /** Keystore file. */
  key: string;
  passphraseFile: string;
}

/** Options of every verb that sends. */
export interface Sending extends KeyOptions {
  rpc: string;
  json?: true;
}

/** The key of the options. @throws AppError as openKeystore and readPassphrase */
export function openKey({ key, passphraseFile }: KeyOptions): Promise<Wallet> {
  return openKeystore(key, readPassphrase(passphraseFile));
}

/** Runs with a client that sends with the key of the options, and closes it. */
export async function withSender<T>(
  options: Sending,
  { chainId, contract }: { chainId: number; contract: string },
  run: (chain: ChainClient, address: string) => Promise<T>,
): Promise<T> {
  const wallet = await openKey(options);
  const chain = chainClient({ rpcUrl: options.rpc, chainId, contract, privateKey: wallet.privateKey });
  try {
    return await run(chain, wallet.address.toLowerCase());
  } finally {
    chain.close();
  }
}

/** The id of the chain that a node serves. @throws AppError chain-unreachable, chain-bad-url */
export async function servedChain(rpcUrl: string): Promise<number> {
  const provider = chainProvider(rpcUrl, 1);
  try {
    return Number(await provider.send("eth_chainId", []));
  } catch (error) {
    throw chainError("asking for the chain's id", error);
  } finally {
    provider.destroy();
  }
}

/** An address in lower case. @throws AppError settlement-bad-address */
export function addressIn(text: string, option: string): string {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text))
    throw new AppError("settlement-bad-address", `${option} ${text} is not an address of 0x and 40 hex digits`);
  return text.toLowerCase();
}

/** An amount such as 25.50 in micro-units. @throws AppError units-bad-decimal also where it is below `least` */
export function amountIn(text: string, option: string, least = 1n): bigint {
  const micro = parseMicro(text);
  if (micro < least)
    throw new AppError("units-bad-decimal", `${option} ${text}: expected ${least > 0n ? "more than " : "at least "}0`);
  return micro;
}
