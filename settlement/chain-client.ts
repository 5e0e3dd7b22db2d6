import { Contract } from "ethers/contract";
import { AppError } from "../core/app-error.ts";
import { chainError, settlementInterface, tokenInterface } from "./chain-error.ts";
import { chainProvider } from "./chain-provider.ts";
import type { ChainReader, PairState } from "./chain-reader.ts";
import type { Head } from "./record.ts";
import { type Mined, transactor } from "./transactor.ts";
import type { Withdrawal } from "./typed-calls.ts";

/** One settlement contract: what can be read, and what the given key can send. */
export interface ChainClient extends ChainReader {
  /** As of the newest block, or only of blocks that cannot be undone any more. */
  pairOf(a: string, b: string, at?: "latest" | "finalized"): Promise<PairState>;
  /** Digest of a record as the contract computes it. */
  digestOf(head: Head): Promise<string>;
  /** Whether the contract finds a record's digest in a committed epoch. */
  included(by: string, epoch: number, digest: string, proof: readonly string[]): Promise<boolean>;
  /** Number of a party's newest epoch, 0 before the first. */
  epochOf(by: string): Promise<number>;
  /** Micro-units outside any escrow. */
  tokenBalanceOf(owner: string): Promise<bigint>;
  /** Registrar only. */
  register(owner: string, signer: string, possessionProof: string): Promise<Mined>;
  /** Registrar only. Unix seconds; 0 for at once. */
  retire(owner: string, until: number): Promise<Mined>;
  /** Sends tokens from the key's address to another. */
  transfer(to: string, amount: bigint): Promise<Mined>;
  /** Pays into one side of a pair from the key's address; approves the contract first where needed. */
  deposit(a: string, b: string, side: "a" | "b", amount: bigint): Promise<Mined>;
  /** Pays what the record and all before it leave to pay. */
  settle(head: Head, signatureA: string, signatureB: string): Promise<Mined>;
  /** The same as far as the escrow goes; the rest stays open. */
  settlePartial(head: Head, signatureA: string, signatureB: string): Promise<Mined>;
  /** Pays what partial settlements left open. */
  collect(a: string, b: string): Promise<Mined>;
  /** Pays out of escrow what both sides have signed. */
  withdraw(withdrawal: Withdrawal, signatureA: string, signatureB: string): Promise<Mined>;
  /** The key must be the party's owner or signer. `data` is hex. */
  commit(by: string, epoch: number, root: string, count: number, data: string): Promise<Mined>;
  /** Stops background work; calls after it fail. */
  close(): void;
}

/** Where the contract is and, to send, the private key that pays for gas. */
export interface ChainOptions {
  rpcUrl: string;
  chainId: number;
  contract: string;
  privateKey?: string;
  /** Between two questions for a receipt, wall time; default 250. */
  pollMs?: number;
}

/**
 * Client of the settlement contract. The node's chain id is checked once, before the first call.
 * Every call throws AppErrors of chainError, and chain-wrong-chain; sending ones chain-read-only without a key.
 */
export function chainClient(options: ChainOptions): ChainClient {
  const { chainId } = options;
  const address = options.contract.toLowerCase();
  const provider = chainProvider(options.rpcUrl, chainId);
  const contract = new Contract(address, settlementInterface, provider);
  const sender = options.privateKey
    ? transactor(provider, options.privateKey, options.pollMs === undefined ? {} : { pollMs: options.pollMs })
    : null;
  let checked = false;
  let token: string | null = null;

  const checkChain = async (): Promise<void> => {
    if (checked) return;
    const served = Number(await provider.send("eth_chainId", []));
    if (served !== chainId)
      throw new AppError("chain-wrong-chain", `${options.rpcUrl} serves chain ${served}, expected ${chainId}; check the RPC URL`);
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
  const tokenAddress = async (): Promise<string> => (token ??= String(await read("token", [])).toLowerCase());
  const readToken = async (method: string, args: readonly unknown[]): Promise<bigint> =>
    BigInt(String(await read(method, args, {}, new Contract(await tokenAddress(), tokenInterface, provider))));
  const own = () => {
    if (!sender) throw new AppError("chain-read-only", "no private key was given, so nothing can be sent");
    return sender;
  };
  const send = async (what: string, to: string, data: string): Promise<Mined> => {
    const from = own();
    try {
      await checkChain();
    } catch (error) {
      throw chainError(what, error);
    }
    return from.send({ what, to, data });
  };
  const call = (method: string, args: readonly unknown[]): Promise<Mined> =>
    send(method, address, settlementInterface.encodeFunctionData(method, args));
  const callToken = async (method: string, args: readonly unknown[]): Promise<Mined> =>
    send(method, await tokenAddress(), tokenInterface.encodeFunctionData(method, args));

  return {
    chainId,
    contract: address,
    async partyOf(owner) {
      const party = (await read("partyOf", [owner])) as { signer: string; since: bigint; until: bigint };
      const signer = party.signer.toLowerCase();
      return { signer: BigInt(signer) === 0n ? null : signer, since: Number(party.since), until: Number(party.until) };
    },
    async pairOf(a, b, at = "latest") {
      const pair = (await read("pairOf", [a, b], { blockTag: at })) as Record<Exclude<keyof PairState, "head">, bigint> & {
        head: string;
      };
      const { balanceA, balanceB, cumA, cumB, open, head } = pair;
      return { balanceA, balanceB, cumA, cumB, open, head, seq: Number(pair.seq), withdrawals: Number(pair.withdrawals) };
    },
    async readCommit(by, epoch) {
      const { root, count, time } = (await read("commitmentOf", [by, epoch])) as { root: string; count: bigint; time: bigint };
      return BigInt(root) === 0n ? undefined : { root, count: Number(count), time: Number(time) };
    },
    digestOf: async (head) => String(await read("digest", [head])),
    included: async (by, epoch, digest, proof) => Boolean(await read("included", [by, epoch, digest, proof])),
    epochOf: async (by) => Number(await read("epochOf", [by])),
    tokenBalanceOf: (owner) => readToken("balanceOf", [owner]),
    register: (owner, signer, proof) => call("register", [owner, signer, proof]),
    retire: (owner, until) => call("retire", [owner, until]),
    transfer: (to, amount) => callToken("transfer", [to, amount]),
    async deposit(a, b, side, amount) {
      if ((await readToken("allowance", [own().address, address])) < amount) await callToken("approve", [address, amount]);
      return call("deposit", [a, b, side === "a", amount]);
    },
    settle: (head, signatureA, signatureB) => call("settle", [head, signatureA, signatureB]),
    settlePartial: (head, signatureA, signatureB) => call("settlePartial", [head, signatureA, signatureB]),
    collect: (a, b) => call("collect", [a, b]),
    withdraw: ({ a, b, amountA, amountB, nonce, deadline }, signatureA, signatureB) =>
      call("withdraw", [a, b, amountA, amountB, nonce, deadline, signatureA, signatureB]),
    commit: (by, epoch, root, count, data) => call("commit", [by, epoch, root, count, data]),
    close: () => provider.destroy(),
  };
}
