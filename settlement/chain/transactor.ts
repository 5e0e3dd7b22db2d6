import type { JsonRpcProvider, TransactionReceipt } from "ethers/providers";
import { Transaction } from "ethers/transaction";
import { isError } from "ethers/utils";
import { Wallet } from "ethers/wallet";
import { AppError } from "../../core/app-error.ts";
import { chainError } from "./chain-error.ts";
import { marketFees } from "./fees.ts";
import { followTransaction, isOutcome, type Patience } from "./follow-transaction.ts";
import type { SealedBlob } from "../log/kzg.ts";
import { carriesBlobs, memoryJournal, type Pending, type TransactionJournal } from "./transaction-journal.ts";

/** A transaction to send; without `to` it creates a contract. */
export interface Call {
  /** For messages: what is being done. */
  what: string;
  to?: string;
  data: string;
  /** Coins to send with it, wei. */
  value?: bigint;
  /** With blobs it needs a `to`. */
  blobs?: readonly SealedBlob[];
}

/** A transaction that a block has taken. */
export interface Mined {
  hash: string;
  block: number;
  gasUsed: bigint;
  /** 131,072 for each blob. */
  blobGasUsed: bigint;
  /** What the sender paid for it: gas of execution and of blobs, at the prices of its block. */
  feeWei: bigint;
  /** Address of the contract it created, lower case; null for others. */
  created: string | null;
  /** What contracts logged. */
  logs: readonly EventLog[];
}

/** Keeps what a transaction has cost. @param records that it put into an epoch, or paid for */
export type Spent = (what: string, mined: Mined, records: number) => Promise<void>;

/** One entry of a transaction's log, as the chain has it. */
export interface EventLog {
  address: string;
  topics: readonly string[];
  data: string;
}

/** What became of a transaction that an earlier run had signed. */
export interface Resumed {
  what: string;
  outcome: Mined | AppError;
}

/** Sends the transactions of one address, one after the other. */
export interface Transactor {
  /** Lower-case address. */
  readonly address: string;
  /**
   * Sends and waits until a block has it, deep enough. What is still on its way from before and stands in the way comes first.
   * @throws AppError of chainError, chain-fee-limit, and as followTransaction
   */
  send(call: Call): Promise<Mined>;
  /** Sees through what an earlier run, or a wait that was too short, has left on its way. @throws AppError as send */
  resume(): Promise<Resumed[]>;
}

/** How to send. */
export interface TransactorOptions extends Partial<Patience> {
  journal?: TransactionJournal;
}

/** Spare gas over the estimate: between estimate and block the state may move. */
const gasMargin = { times: 6n, by: 5n };
/** The most that a transaction may ask for (EIP-7825). */
const gasCap = 16_777_216n;
/** How nodes say that they have a transaction already. */
const known = /already (known|imported)|known transaction/i;

/**
 * A queue for one sending key. Two processes must not send with one key.
 *
 * Nothing is sent twice with another nonce: a transaction is in the journal from before it is first sent until its outcome is
 * known, and whatever happens between, only it or a higher offer with its nonce is sent for it. So a run that dies between
 * signing and sending, or whose request gets no answer, goes on with what it had signed.
 *
 * The next nonce is counted here, so several transactions may be on their way, and is asked for anew after every failure, so
 * none is skipped. Blob transactions and others never wait at the same time: nodes keep them in two pools and let one address
 * into one of them only. Receipts are polled: waiting for a block event can hang where a node mines each transaction at once.
 */
export function transactor(
  provider: JsonRpcProvider,
  privateKey: string,
  { journal = memoryJournal(), ...wishes }: TransactorOptions = {},
): Transactor {
  const patience: Patience = {
    pollMs: 250,
    confirmations: 1,
    stuckAfterMs: 60_000,
    maxReplacements: 8,
    minedWithinMs: 600_000,
    ...wishes,
  };
  const wallet = new Wallet(privateKey, provider);
  const onTheirWay = new Map<Pending, Promise<unknown>>();
  let nextNonce: number | null = null;
  let open: Pending[] | null = null;
  let last: Promise<unknown> = Promise.resolve();

  const opened = (): Pending[] => (open ??= ownOnly(journal.read(), wallet.address, provider._network.chainId));
  const keep = (): void => journal.write(opened());
  const drop = (pending: Pending): void => {
    opened().splice(opened().indexOf(pending), 1);
    keep();
  };
  const inTurn = <T>(job: () => Promise<T>): Promise<T> => {
    const done = last.then(job);
    last = done.catch(() => undefined);
    return done;
  };
  const follow = async (pending: Pending, sentWithinMs = 0): Promise<Mined> => {
    const way = followTransaction({ provider, key: wallet.signingKey, pending, sentWithinMs, keep }, patience);
    onTheirWay.set(pending, way);
    try {
      const receipt = await way;
      drop(pending);
      return minedBy(receipt);
    } catch (error) {
      const failed = chainError(pending.what, error);
      if (isOutcome(failed)) drop(pending);
      throw failed;
    } finally {
      onTheirWay.delete(pending);
      // With nothing on its way the chain knows best: a node that lost its newest blocks would wait for the gap for ever.
      if (onTheirWay.size === 0) nextNonce = null;
    }
  };
  /** One from before, which nothing waits for, that stands in the way of this nonce. */
  const leftAt = (nonce: number): Pending | undefined => opened().find((one) => !onTheirWay.has(one) && one.nonce <= nonce);
  const askNonce = (): Promise<number> => provider.getTransactionCount(wallet.address, "pending");
  const freeNonce = async (withBlobs: boolean): Promise<number> => {
    for (;;) {
      const others = [...onTheirWay].filter(([pending]) => carriesBlobs(pending) !== withBlobs).map(([, way]) => way);
      await Promise.allSettled(others);
      const nonce = nextNonce ?? (await askNonce());
      const left = leftAt(nonce);
      if (!left) return nonce;
      await outcomeOf(left, follow);
      if (nextNonce !== null) nextNonce = Math.max(nextNonce, left.nonce + 1);
    }
  };
  const sign = async ({ what, to, data, blobs, value = 0n }: Call, nonce: number): Promise<Pending> => {
    const hashes = blobs && { type: 3, blobVersionedHashes: blobs.map(({ versionedHash }) => versionedHash) };
    const estimate = await provider.estimateGas({ from: wallet.address, to: to ?? null, data, value, ...hashes });
    const wanted = (estimate * gasMargin.times) / gasMargin.by;
    const transaction = Transaction.from({
      type: 2,
      chainId: provider._network.chainId,
      nonce,
      to: to ?? null,
      data,
      value,
      gasLimit: estimate <= gasCap && wanted > gasCap ? gasCap : wanted,
      ...(await marketFees(provider, blobs !== undefined, patience.maxFeePerGas)),
      ...(blobs && { ...hashes, blobs: [...blobs], blobWrapperVersion: 1 }),
    });
    transaction.signature = wallet.signingKey.sign(transaction.unsignedHash);
    return { what, nonce, raw: transaction.serialized, hashes: [transaction.hash ?? ""] };
  };
  /** Sent for the first time; the wait for its block goes on outside the queue. */
  const submit = async (call: Call): Promise<{ mined: Promise<Mined> }> => {
    try {
      const nonce = await freeNonce(call.blobs !== undefined);
      const pending = await sign(call, nonce);
      opened().push(pending);
      keep();
      const sentAt = performance.now();
      await firstSend(provider, pending).catch((error: unknown) => {
        drop(pending);
        throw error;
      });
      nextNonce = nonce + 1;
      return { mined: follow(pending, performance.now() - sentAt) };
    } catch (error) {
      nextNonce = null;
      throw chainError(call.what, error);
    }
  };
  return {
    address: wallet.address.toLowerCase(),
    send: async (call) => (await inTurn(() => submit(call))).mined,
    resume: () =>
      inTurn(async () => {
        const resumed: Resumed[] = [];
        try {
          for (let left = leftAt(await askNonce()); left; left = leftAt(await askNonce()))
            resumed.push({ what: left.what, outcome: await outcomeOf(left, follow) });
        } catch (error) {
          throw chainError("resuming", error);
        }
        return resumed;
      }),
  };
}

/** Whoever gets no answer cannot know whether the node has it: that is found out on the way. Refusals are thrown. */
async function firstSend(provider: JsonRpcProvider, { what, raw }: Pending): Promise<void> {
  try {
    await provider.send("eth_sendRawTransaction", [raw]);
  } catch (error) {
    const failed = chainError(what, error);
    if (failed.code === "chain-unreachable" || (isError(error, "UNKNOWN_ERROR") && known.test(failed.message))) return;
    throw failed;
  }
}

/** A failure for good is an outcome too. */
async function outcomeOf(pending: Pending, follow: (pending: Pending) => Promise<Mined>): Promise<Mined | AppError> {
  try {
    return await follow(pending);
  } catch (error) {
    if (error instanceof AppError && isOutcome(error)) return error;
    throw error;
  }
}

/** @throws AppError chain-journal-foreign */
function ownOnly(pending: Pending[], address: string, chainId: bigint): Pending[] {
  for (const { raw, what } of pending) {
    const { from, chainId: chain } = Transaction.from(raw);
    if (from !== address || chain !== chainId)
      throw new AppError(
        "chain-journal-foreign",
        `the journal has a transaction of ${from} on chain ${chain} (${what}); this is ${address} on chain ${chainId}`,
      );
  }
  return pending;
}

function minedBy(receipt: TransactionReceipt): Mined {
  const blobGasUsed = receipt.blobGasUsed ?? 0n;
  return {
    hash: receipt.hash,
    block: receipt.blockNumber,
    gasUsed: receipt.gasUsed,
    blobGasUsed,
    feeWei: receipt.gasUsed * receipt.gasPrice + blobGasUsed * (receipt.blobGasPrice ?? 0n),
    created: receipt.contractAddress?.toLowerCase() ?? null,
    logs: receipt.logs,
  };
}
