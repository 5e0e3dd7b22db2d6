import type { JsonRpcProvider, TransactionReceipt } from "ethers/providers";
import { Wallet } from "ethers/wallet";
import { AppError } from "../core/app-error.ts";
import { chainError } from "./chain-error.ts";

/** A transaction to send; without `to` it creates a contract. */
export interface Call {
  /** For messages: what is being done. */
  what: string;
  to?: string;
  data: string;
}

/** A transaction that a block has taken. */
export interface Mined {
  hash: string;
  block: number;
  gasUsed: bigint;
  /** Address of the contract it created, lower case; null for others. */
  created: string | null;
  /** What contracts logged. */
  logs: readonly EventLog[];
}

/** One entry of a transaction's log, as the chain has it. */
export interface EventLog {
  address: string;
  topics: readonly string[];
  data: string;
}

/** Sends the transactions of one address, one after the other. */
export interface Transactor {
  /** Lower-case address. */
  readonly address: string;
  /**
   * Sends and waits until a block has it.
   * @throws AppError of chainError; chain-not-mined (temporary) where no block took it in time, chain-reverted
   */
  send(call: Call): Promise<Mined>;
}

/** How it sends. */
export interface TransactorOptions {
  /** Between two questions for a receipt, wall time. */
  pollMs?: number;
  minedWithinMs?: number;
  /** Offers nothing for gas: for private chains, where an address without coins may send. */
  freeOfGas?: boolean;
}

/** Spare gas over the estimate: between estimate and block the state may move. */
const gasMargin = { times: 6n, by: 5n };

/**
 * A queue for one sending key. The next nonce is counted here, so several transactions may be on their way, and is asked
 * for anew after every failure, so none is skipped. Two processes must not send with one key.
 * Receipts are polled: waiting for a block event can hang where a node mines each transaction at once.
 */
export function transactor(
  provider: JsonRpcProvider,
  privateKey: string,
  { pollMs = 250, minedWithinMs = 120_000, freeOfGas = false }: TransactorOptions = {},
): Transactor {
  const wallet = new Wallet(privateKey, provider);
  const fees = freeOfGas ? { type: 2, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n } : {};
  let nextNonce: number | null = null;
  let onTheirWay = 0;
  let last: Promise<unknown> = Promise.resolve();

  const broadcast = async ({ what, to, data }: Call): Promise<string> => {
    try {
      const nonce = nextNonce ?? (await provider.getTransactionCount(wallet.address, "pending"));
      const draft = { from: wallet.address, to: to ?? null, data };
      const gasLimit = ((await provider.estimateGas(draft)) * gasMargin.times) / gasMargin.by;
      const signed = await wallet.signTransaction(await wallet.populateTransaction({ ...draft, ...fees, nonce, gasLimit }));
      const hash = String(await provider.send("eth_sendRawTransaction", [signed]));
      nextNonce = nonce + 1;
      return hash;
    } catch (error) {
      nextNonce = null;
      throw chainError(what, error);
    }
  };
  const mined = async ({ what }: Call, hash: string): Promise<Mined> => {
    for (let waitedMs = 0; waitedMs <= minedWithinMs; waitedMs += pollMs) {
      const receipt = await receiptOf(provider, what, hash);
      if (receipt) {
        if (receipt.status !== 1)
          throw new AppError("chain-reverted", `${what}: transaction ${hash} failed in block ${receipt.blockNumber}`);
        return {
          hash,
          block: receipt.blockNumber,
          gasUsed: receipt.gasUsed,
          created: receipt.contractAddress?.toLowerCase() ?? null,
          logs: receipt.logs,
        };
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    throw new AppError("chain-not-mined", `${what}: no block has transaction ${hash} after ${minedWithinMs} ms`, {
      temporary: true,
    });
  };
  return {
    address: wallet.address.toLowerCase(),
    async send(call) {
      const sent = last.then(() => broadcast(call));
      last = sent.catch(() => undefined);
      onTheirWay++;
      try {
        return await mined(call, await sent);
      } finally {
        // With nothing on its way the chain knows best: a node that lost its newest blocks would wait for the gap for ever.
        if (--onTheirWay === 0) nextNonce = null;
      }
    },
  };
}

async function receiptOf(provider: JsonRpcProvider, what: string, hash: string): Promise<TransactionReceipt | null> {
  try {
    return await provider.getTransactionReceipt(hash);
  } catch (error) {
    throw chainError(what, error);
  }
}
