import { Contract } from "ethers/contract";
import { AppError } from "../../core/app-error.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import { blobsPerTransaction } from "../log/blob-bytes.ts";
import { chainError, settlementInterface, tokenInterface } from "./chain-error.ts";
import { chainProvider } from "./chain-provider.ts";
import type { ChainReader, PairState } from "./chain-reader.ts";
import { type FailedSettlement, failedSettlements, settlementFailures } from "./failed-settlement.ts";
import { recordBody } from "../record/record-body.ts";
import { type Head, recordHead } from "../record/record.ts";
import { type Mined, type Resumed, transactor, type TransactorOptions } from "./transactor.ts";
import type { Withdrawal } from "../record/typed-calls.ts";

/** Money for one side of a pair. */
export interface Deposit {
  a: string;
  b: string;
  side: "a" | "b";
  /** Micro-units. */
  amount: bigint;
}

/** A record without its body, and both signatures. */
export interface SignedHead {
  head: Head;
  signatureA: string;
  signatureB: string;
}

/** Where a record is in the log: committed by a party as part of an epoch, with the proof of that. */
export interface Inclusion {
  by: string;
  epoch: number;
  proof: readonly string[];
}

/** One settlement contract: what can be read, and what the given key can send. */
export interface ChainClient extends ChainReader {
  /** Digest of a record as the contract computes it. */
  digestOf(head: Head): Promise<string>;
  /** Whether the contract finds a record's digest in a committed epoch. */
  included(by: string, epoch: number, digest: string, proof: readonly string[]): Promise<boolean>;
  /** Number of a party's newest epoch, 0 before the first; as of a block that is so many below the newest, or a name of one. */
  epochOf(by: string, at?: "latest" | "finalized" | number): Promise<number>;
  /** Micro-units outside any escrow. */
  tokenBalanceOf(owner: string): Promise<bigint>;
  /** Registrar only. */
  register(owner: string, signer: string, possessionProof: string): Promise<Mined>;
  /** Registrar only. Unix seconds; 0 for at once. */
  retire(owner: string, until: number): Promise<Mined>;
  /** Gives the owner whose key this is another signer; the old one stays good for a while for periods that have ended. */
  rotate(signer: string, possessionProof: string): Promise<Mined>;
  /** Ends a signer of the owner whose key this is, at once. */
  revoke(signer: string): Promise<Mined>;
  /** The most that the signer can make the owner, whose key this is, owe in each pair and day; null for no cap. */
  setDailyCap(cap: bigint | null): Promise<Mined>;
  /** Sends tokens from the key's address to another. */
  transfer(to: string, amount: bigint): Promise<Mined>;
  /** Pays into one side of a pair from the key's address; approves the contract first where needed. */
  deposit(a: string, b: string, side: "a" | "b", amount: bigint): Promise<Mined>;
  /** Many deposits of the key's address in one transaction. */
  depositMany(deposits: readonly Deposit[]): Promise<Mined>;
  /** Pays what the record and all before it leave to pay. */
  settle(head: Head, signatureA: string, signatureB: string): Promise<Mined>;
  /** The same for records of many pairs, and why each of them that failed did. */
  settleMany(records: readonly SignedHead[]): Promise<Mined & { failed: FailedSettlement[] }>;
  /** Which of them would fail now, without sending anything. */
  previewSettleMany(records: readonly SignedHead[]): Promise<FailedSettlement[]>;
  /** The same as far as the escrow goes; the rest stays open. */
  settlePartial(head: Head, signatureA: string, signatureB: string): Promise<Mined>;
  /** The same for a record that one of its parties committed while the keys under it were good. */
  settleLogged(head: Head, signatureA: string, signatureB: string, where: Inclusion): Promise<Mined>;
  /** Pays what partial settlements left open. */
  collect(a: string, b: string): Promise<Mined>;
  /** Pays out of escrow what both owners have signed. */
  withdraw(withdrawal: Withdrawal, signatureA: string, signatureB: string): Promise<Mined>;
  /** Announces that the owner whose key this is will take money out of its side of the pair. */
  requestWithdraw(a: string, b: string, amount: bigint): Promise<Mined>;
  /** Takes the announcement back. */
  cancelWithdraw(a: string, b: string): Promise<Mined>;
  /** Takes out what was announced, once it is due, as far as it is still there. */
  executeWithdraw(a: string, b: string): Promise<Mined>;
  /**
   * The key must be the party's owner or signer. `data` is hex. The transaction carries the blobs, at most six
   * (blobsPerTransaction); attachBlobs takes the others. Sealing them takes seconds each, in a thread.
   * @throws AppError chain-too-many-blobs, blob-malformed
   */
  commit(by: string, epoch: number, root: string, count: number, data: string, blobs?: readonly Uint8Array[]): Promise<Mined>;
  /** Binds further blobs to an epoch that is committed, at most six in a transaction; they follow those that it has. */
  attachBlobs(by: string, epoch: number, blobs: readonly Uint8Array[]): Promise<Mined>;
  /** Puts a whole record on chain. A missing signature is "0x"; one is there. */
  publish(record: RecordWire, signatureA: string, signatureB: string): Promise<Mined>;
  /**
   * Sees through what an earlier run with the same journal has left on its way, and says what became of it. Sending does the
   * same by itself where it stands in the way; a program that keeps what it paid calls this at its start.
   */
  resume(): Promise<Resumed[]>;
  /** Stops background work; calls after it fail. What is on its way stays in the journal. */
  close(): void;
}

type RawPair = Record<Exclude<keyof PairState, "head" | "leavingA" | "leavingB">, bigint> & { head: string };
interface Leaving {
  amount: bigint;
}

/** How the contract writes that there is no cap. */
const noCap = 2n ** 64n - 1n;

/** Where the contract is and, to send, the private key that pays for gas, and how. */
export interface ChainOptions extends Omit<TransactorOptions, "signal"> {
  rpcUrl: string;
  chainId: number;
  contract: string;
  privateKey?: string;
  /** Told of every transaction of the key that a block has taken, before its caller. */
  onMined?: (what: string, mined: Mined) => Promise<void>;
}

/**
 * Client of the settlement contract. The node's chain id is checked once, before the first call.
 * Every call throws AppErrors of chainError, and chain-wrong-chain; sending ones chain-read-only without a key.
 */
export function chainClient(options: ChainOptions): ChainClient {
  const { rpcUrl, chainId, contract: place, privateKey, onMined, ...sending } = options;
  const address = place.toLowerCase();
  const provider = chainProvider(rpcUrl, chainId);
  const closing = new AbortController();
  const contract = new Contract(address, settlementInterface, provider);
  const sender = privateKey ? transactor(provider, privateKey, { ...sending, signal: closing.signal }) : null;
  let checked = false;
  let token: string | null = null;

  const checkChain = async (): Promise<void> => {
    if (checked) return;
    const served = Number(await provider.send("eth_chainId", []));
    if (served !== chainId)
      throw new AppError("chain-wrong-chain", `${rpcUrl} serves chain ${served}, expected ${chainId}; check the RPC URL`);
    checked = true;
  };
  const read = async (method: string, args: readonly unknown[], overrides = {}, target = contract): Promise<unknown> => {
    try {
      await checkChain();
      return await target.getFunction(method).staticCall(...args, overrides);
    } catch (error) {
      throw chainError(method, error);
    }
  };
  const below = async (blocks: number): Promise<number | "latest"> => {
    if (blocks === 0) return "latest";
    try {
      return Math.max(0, (await provider.getBlockNumber()) - blocks);
    } catch (error) {
      throw chainError("epochOf", error);
    }
  };
  const tokenAddress = async (): Promise<string> => (token ??= String(await read("token", [])).toLowerCase());
  const readToken = async (method: string, args: readonly unknown[]): Promise<bigint> =>
    BigInt(String(await read(method, args, {}, new Contract(await tokenAddress(), tokenInterface, provider))));
  const own = () => {
    if (!sender) throw new AppError("chain-read-only", "no private key was given, so nothing can be sent");
    return sender;
  };
  const told = async (what: string, mined: Mined): Promise<Mined> => {
    await onMined?.(what, mined);
    return mined;
  };
  const send = async (what: string, to: string, data: string, blobs?: readonly Uint8Array[]): Promise<Mined> => {
    const from = own();
    try {
      await checkChain();
    } catch (error) {
      throw chainError(what, error);
    }
    if (!blobs?.length) return told(what, await from.send({ what, to, data }));
    if (blobs.length > blobsPerTransaction)
      throw new AppError("chain-too-many-blobs", `a transaction carries ${blobsPerTransaction} blobs, not ${blobs.length}`);
    // Loaded by who publishes only: it is large.
    const { sealBlobs } = await import("../log/kzg.ts");
    return told(what, await from.send({ what, to, data, blobs: await sealBlobs(blobs) }));
  };
  const call = (method: string, args: readonly unknown[], blobs?: readonly Uint8Array[]): Promise<Mined> =>
    send(method, address, settlementInterface.encodeFunctionData(method, args), blobs);
  const callToken = async (method: string, args: readonly unknown[]): Promise<Mined> =>
    send(method, await tokenAddress(), tokenInterface.encodeFunctionData(method, args));
  const allow = async (amount: bigint): Promise<void> => {
    if ((await readToken("allowance", [own().address, address])) < amount) await callToken("approve", [address, amount]);
  };
  const signedHeads = (records: readonly SignedHead[]) =>
    records.map(({ head, signatureA, signatureB }) => ({ head, sigA: signatureA, sigB: signatureB }));

  return {
    chainId,
    contract: address,
    async partyOf(owner) {
      const { party, signer } = (await read("partyOf", [owner])) as {
        party: { since: bigint; until: bigint };
        signer: string;
      };
      const lower = signer.toLowerCase();
      return { signer: BigInt(lower) === 0n ? null : lower, since: Number(party.since), until: Number(party.until) };
    },
    async keyOf(signer) {
      const key = (await read("keyOf", [signer])) as { owner: string; since: bigint; until: bigint; revoked: boolean };
      const owner = key.owner.toLowerCase();
      if (BigInt(owner) === 0n) return undefined;
      return { owner, since: Number(key.since), until: Number(key.until), revoked: key.revoked };
    },
    async pairOf(a, b, at = "latest") {
      const found = (await read("pairOf", [a, b], { blockTag: at })) as { pair: RawPair; requestA: Leaving; requestB: Leaving };
      const { balanceA, balanceB, cumA, cumB, open, head, seq, withdrawals } = found.pair;
      const [leavingA, leavingB] = [found.requestA.amount, found.requestB.amount];
      const [number, nonce] = [Number(seq), Number(withdrawals)];
      return { balanceA, balanceB, leavingA, leavingB, cumA, cumB, open, head, seq: number, withdrawals: nonce };
    },
    async readCommit(by, epoch, at = "latest") {
      const { root, count, time } = (await read("commitmentOf", [by, epoch], { blockTag: at })) as {
        root: string;
        count: bigint;
        time: bigint;
      };
      return BigInt(root) === 0n ? undefined : { root, count: Number(count), time: Number(time) };
    },
    digestOf: async (head) => String(await read("digest", [head])),
    included: async (by, epoch, digest, proof) => Boolean(await read("included", [by, epoch, digest, proof])),
    async epochOf(by, at = "latest") {
      const blockTag = typeof at === "number" ? await below(at) : at;
      return Number(await read("epochOf", [by], { blockTag }));
    },
    tokenBalanceOf: (owner) => readToken("balanceOf", [owner]),
    register: (owner, signer, proof) => call("register", [owner, signer, proof]),
    retire: (owner, until) => call("retire", [owner, until]),
    rotate: (signer, proof) => call("rotate", [signer, proof]),
    revoke: (signer) => call("revoke", [signer]),
    setDailyCap: (cap) => call("setDailyCap", [cap ?? noCap]),
    transfer: (to, amount) => callToken("transfer", [to, amount]),
    async deposit(a, b, side, amount) {
      await allow(amount);
      return call("deposit", [a, b, side === "a", amount]);
    },
    depositMany: async (deposits) => {
      await allow(deposits.reduce((sum, { amount }) => sum + amount, 0n));
      return call("depositMany", [deposits.map(({ a, b, side, amount }) => ({ a, b, sideA: side === "a", amount }))]);
    },
    settle: (head, signatureA, signatureB) => call("settle", [head, signatureA, signatureB]),
    settlePartial: (head, signatureA, signatureB) => call("settlePartial", [head, signatureA, signatureB]),
    settleMany: async (records) => {
      const mined = await call("settleMany", [signedHeads(records)]);
      return { ...mined, failed: failedSettlements(mined.logs, address) };
    },
    previewSettleMany: async (records) => settlementFailures(records, await read("settleMany", [signedHeads(records)])),
    settleLogged: (head, signatureA, signatureB, where) => call("settleLogged", [head, signatureA, signatureB, where]),
    collect: (a, b) => call("collect", [a, b]),
    withdraw: ({ a, b, amountA, amountB, nonce, deadline }, signatureA, signatureB) =>
      call("withdraw", [a, b, amountA, amountB, nonce, deadline, signatureA, signatureB]),
    requestWithdraw: (a, b, amount) => call("requestWithdraw", [a, b, amount]),
    cancelWithdraw: (a, b) => call("cancelWithdraw", [a, b]),
    executeWithdraw: (a, b) => call("executeWithdraw", [a, b]),
    commit: (by, epoch, root, count, data, blobs = []) => call("commit", [by, epoch, root, count, blobs.length, data], blobs),
    attachBlobs: (by, epoch, blobs) => call("attachBlobs", [by, epoch, blobs.length], blobs),
    publish: (record, signatureA, signatureB) =>
      call("publish", [recordHead(record), recordBody(record), signatureA, signatureB]),
    resume: async () => {
      if (!sender) return [];
      await checkChain().catch((error: unknown) => {
        throw chainError("resume", error);
      });
      return sender.resume();
    },
    close: () => {
      closing.abort();
      provider.destroy();
    },
  };
}
