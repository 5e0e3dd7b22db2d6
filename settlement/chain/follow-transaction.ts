import type { JsonRpcProvider, TransactionReceipt } from "ethers/providers";
import { computeAddress, Transaction } from "ethers/transaction";
import type { SigningKey } from "ethers/crypto";
import { AppError } from "../../core/app-error.ts";
import { chainError } from "./chain-error.ts";
import { type Fees, marketFees, raisedFees } from "./fees.ts";
import { carriesBlobs, type Pending } from "./transaction-journal.ts";

/** When a transaction counts as done, and what is done where it is not. All times are wall time. */
export interface Patience {
  /** Between two questions for a receipt at first; later a tenth of the time waited, up to 4 s. */
  pollMs: number;
  /** Blocks that must have it or follow it; "finalized" where the chain names blocks that cannot be undone. */
  confirmations: number | "finalized";
  /** After so long without a block it is sent again with a higher fee. */
  stuckAfterMs: number;
  /** How often that is done; half as often with blobs, where each time doubles the offer. */
  maxReplacements: number;
  /** After so long without a block, or without a further one on top, the wait is over; it may still be taken later. */
  minedWithinMs: number;
  /** The most to offer for a unit of gas, wei. */
  maxFeePerGas?: bigint | undefined;
  signal?: AbortSignal | undefined;
}

/** Which transaction, and the key that signs a higher offer. */
export interface Followed {
  provider: JsonRpcProvider;
  key: SigningKey;
  pending: Pending;
  /** How long the node took to answer when it was sent, or did not. */
  sentWithinMs: number;
  /** Called before a transaction is sent that replaces the former one. */
  keep: () => void;
}

/** After a sending it rests so many times as long as that took. */
const restFactor = 4;

/** Whether an error of followTransaction says what became of the transaction. */
export function isOutcome({ code }: AppError): boolean {
  return code === "chain-reverted" || code === "chain-nonce-taken";
}

/** Questions in a row that must say that the nonce is taken but no receipt is there: nodes behind one address may lag. */
const lagging = 5;

/**
 * Waits until a block has one of the transactions with this nonce, deep enough. Sends it again where the node has forgotten it
 * (a dropped transaction, a block that was undone, a node that lost its newest blocks), and with a higher fee where it is
 * stuck. A node that does not answer is asked again.
 * @throws AppError chain-reverted, chain-nonce-taken (another program sent with this key), after which nothing of it is on its
 * way; all others leave it there: chain-not-mined, chain-unreachable, chain-no-finality and what the node answers
 */
export async function followTransaction(followed: Followed, patience: Patience): Promise<TransactionReceipt> {
  const { provider, pending, key } = followed;
  const sender = computeAddress(key.publicKey);
  const mostReplacements = carriesBlobs(pending) ? patience.maxReplacements / 2 : patience.maxReplacements;
  const started = performance.now();
  let progressAt = started;
  let offeredAt = started;
  // A node that is busy with what it was sent (each blob's proofs take it a while) does not know it yet.
  let restUntil = started + followed.sentWithinMs * restFactor;
  let replacements = 0;
  let takenByOther = 0;
  let depth = -1;
  let trouble: AppError | null = null;

  /** What the node answers does not matter: it may have the transaction already, and only a block counts. */
  const send = async (): Promise<void> => {
    const from = performance.now();
    await provider.send("eth_sendRawTransaction", [pending.raw]).catch(() => undefined);
    restUntil = performance.now() + (performance.now() - from) * restFactor;
  };
  /** The receipt once it is deep enough. */
  const look = async (): Promise<TransactionReceipt | null> => {
    const receipt = await receiptOf(provider, pending);
    if (receipt) {
      takenByOther = 0;
      const now = await depthOf(provider, receipt, patience.confirmations);
      if (now > depth) progressAt = performance.now();
      depth = now;
      return depth >= 0 ? receipt : null;
    }
    depth = Number.NEGATIVE_INFINITY;
    if ((await provider.getTransactionCount(sender, "latest")) > pending.nonce) {
      if (++takenByOther >= lagging)
        throw new AppError("chain-nonce-taken", `${pending.what}: another program has sent with this key; send again`, {
          temporary: true,
        });
      return null;
    }
    takenByOther = 0;
    const now = performance.now();
    if (now < restUntil) return null;
    if (now - offeredAt >= patience.stuckAfterMs && replacements < mostReplacements) {
      offeredAt = now;
      if (await replace(followed, patience)) {
        replacements++;
        await send();
      }
    } else if (!(await provider.getTransaction(pending.hashes.at(-1) ?? ""))) await send();
    return null;
  };

  for (;;) {
    if (patience.signal?.aborted)
      throw new AppError("chain-unreachable", `${pending.what}: stopped while it was on its way`, { temporary: true });
    try {
      const receipt = await look();
      if (receipt?.status === 1) return receipt;
      if (receipt)
        throw new AppError(
          "chain-reverted",
          `${pending.what}: transaction ${receipt.hash} failed in block ${receipt.blockNumber}`,
        );
      trouble = null;
    } catch (error) {
      // What a node answers to a question says nothing about the transaction: it is asked again.
      if (error instanceof AppError) throw error;
      trouble = chainError(pending.what, error);
    }
    const now = performance.now();
    if (now - progressAt > patience.minedWithinMs)
      throw (
        trouble ??
        new AppError("chain-not-mined", `${pending.what}: no block has transaction ${pending.hashes.at(-1)} for good yet`, {
          temporary: true,
        })
      );
    const pauseMs = Math.min(Math.max(patience.pollMs, (now - started) / 10), Math.max(4000, patience.pollMs));
    await pause(pauseMs, patience.signal);
  }
}

/** Ends early where the signal says so. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = (): void => resolve();
  signal?.addEventListener("abort", stop, { once: true });
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener("abort", stop);
}

/** The newest offer is asked for first; any of them may be in a block. */
async function receiptOf(provider: JsonRpcProvider, { hashes }: Pending): Promise<TransactionReceipt | null> {
  for (const hash of hashes.toReversed()) {
    const receipt = await provider.getTransactionReceipt(hash);
    if (receipt) return receipt;
  }
  return null;
}

/** Blocks over what is asked for; below zero while it is not deep enough. */
async function depthOf(
  provider: JsonRpcProvider,
  { blockNumber }: TransactionReceipt,
  confirmations: Patience["confirmations"],
): Promise<number> {
  if (confirmations !== "finalized")
    return confirmations <= 1 ? 0 : (await provider.getBlockNumber()) - blockNumber + 1 - confirmations;
  const finalized = await provider.getBlock("finalized").catch((error: unknown) => {
    if (chainError("finality", error).temporary) throw error;
    return null;
  });
  if (!finalized)
    throw new AppError("chain-no-finality", "the node knows no finalized blocks; set confirmations to a number of blocks");
  return finalized.number - blockNumber;
}

/** Signs a higher offer with the same nonce; false where the limit allows none. */
async function replace({ provider, key, pending, keep }: Followed, { maxFeePerGas }: Patience): Promise<boolean> {
  const transaction = Transaction.from(pending.raw);
  const withBlobs = transaction.maxFeePerBlobGas !== null;
  const old: Fees = {
    maxFeePerGas: transaction.maxFeePerGas ?? 0n,
    maxPriorityFeePerGas: transaction.maxPriorityFeePerGas ?? 0n,
    ...(transaction.maxFeePerBlobGas !== null && { maxFeePerBlobGas: transaction.maxFeePerBlobGas }),
  };
  const raised = raisedFees(old, await marketFees(provider, withBlobs), maxFeePerGas);
  if (!raised) return false;
  Object.assign(transaction, raised);
  transaction.signature = key.sign(transaction.unsignedHash);
  pending.raw = transaction.serialized;
  pending.hashes.push(transaction.hash ?? "");
  keep();
  return true;
}
