import { Contract } from "ethers/contract";
import { chainError, settlementInterface, tokenInterface } from "../chain/chain-error.ts";
import { type EventPage, readEvents } from "../chain/chain-events.ts";
import { chainProvider } from "../chain/chain-provider.ts";
import type { PairState } from "../chain/chain-reader.ts";
import type { SettlementDomain } from "../record/domain.ts";

/** One settlement contract as of fixed blocks, so that all that is asked belongs together. All throw AppErrors of chainError. */
export interface ChainView {
  readonly domain: SettlementDomain;
  /** The newest block; and the hash of an earlier one, to see that it still is what it was. */
  newestBlock(): Promise<number>;
  hashOf(block: number): Promise<string>;
  events(range: { fromBlock: number; toBlock: number }): AsyncIterable<EventPage>;
  pairAt(a: string, b: string, block: number): Promise<PairState>;
  /** What the contract holds of its token. */
  tokensAt(block: number): Promise<bigint>;
  /** Whether the contract was there; null where the node does not keep states of so long ago. */
  existedAt(block: number): Promise<boolean | null>;
  close(): void;
}

/** Opens it; the node says which chain it is. @throws AppError of chainError, chain-bad-url */
export async function openChainView(rpcUrl: string, contract: string): Promise<ChainView> {
  const address = contract.toLowerCase();
  const first = chainProvider(rpcUrl, 1);
  const chainId = Number(await answer("eth_chainId", () => first.send("eth_chainId", [])).finally(() => first.destroy()));
  const provider = chainProvider(rpcUrl, chainId);
  const settlement = new Contract(address, settlementInterface, provider);
  const read = (what: string, target: Contract, args: readonly unknown[], block: number): Promise<unknown> =>
    answer(what, () => target.getFunction(what).staticCall(...args, { blockTag: block }));
  return {
    domain: { chainId, contract: address },
    newestBlock: async () => Number(await answer("eth_blockNumber", () => provider.send("eth_blockNumber", []))),
    async hashOf(block) {
      const found = await answer("eth_getBlockByNumber", () =>
        provider.send("eth_getBlockByNumber", [`0x${block.toString(16)}`, false]),
      );
      return (found as { hash: string } | null)?.hash ?? "";
    },
    events: (range) => readEvents(provider, address, range),
    async pairAt(a, b, block) {
      type Raw = Record<"balanceA" | "balanceB" | "cumA" | "cumB" | "open" | "seq" | "withdrawals", bigint> & { head: string };
      type Answer = { pair: Raw; requestA: { amount: bigint }; requestB: { amount: bigint } };
      const found = (await read("pairOf", settlement, [a, b], block)) as Answer;
      const { balanceA, balanceB, cumA, cumB, open, head, seq, withdrawals } = found.pair;
      const [leavingA, leavingB] = [found.requestA.amount, found.requestB.amount];
      const [number, nonce] = [Number(seq), Number(withdrawals)];
      return { balanceA, balanceB, leavingA, leavingB, cumA, cumB, open, head, seq: number, withdrawals: nonce };
    },
    async tokensAt(block) {
      const token = new Contract(String(await read("token", settlement, [], block)), tokenInterface, provider);
      return BigInt(String(await read("balanceOf", token, [address], block)));
    },
    async existedAt(block) {
      try {
        return (await provider.getCode(address, block)) !== "0x";
      } catch {
        return null;
      }
    },
    close: () => provider.destroy(),
  };
}

async function answer(what: string, question: () => Promise<unknown>): Promise<unknown> {
  try {
    return await question();
  } catch (error) {
    throw chainError(what, error);
  }
}
