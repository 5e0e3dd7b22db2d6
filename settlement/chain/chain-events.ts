import type { LogDescription, Result } from "ethers/abi";
import type { JsonRpcProvider } from "ethers/providers";
import { AppError } from "../../core/app-error.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import { chainError, settlementInterface } from "./chain-error.ts";
import { publishedRecord } from "../record/published-record.ts";

/** Where an event stands on the chain. */
export interface EventPlace {
  block: number;
  /** Time of that block, seconds since 1970. */
  timeS: number;
  transaction: string;
  logIndex: number;
}

interface Pair {
  a: string;
  b: string;
}

/** What an event says. Addresses are lower case, money is in micro-units, times are seconds since 1970. */
export type EventBody =
  | { name: "PartySet"; owner: string; signer: string | null; sinceS: number; untilS: number }
  | { name: "KeyEnded"; owner: string; signer: string; untilS: number; revoked: boolean }
  | { name: "DailyCapSet"; owner: string; cap: bigint; fromS: number }
  | (Pair & { name: "Deposited"; side: "a" | "b"; amount: bigint; from: string })
  | (Pair & { name: "Settled"; seq: number; head: string; payer: string; due: bigint; paid: bigint })
  | (Pair & { name: "NotSettled"; seq: number; reason: string })
  | (Pair & { name: "Shortfall"; seq: number; payer: string; missing: bigint })
  | (Pair & { name: "Collected"; payer: string; paid: bigint })
  | (Pair & { name: "Withdrawn"; nonce: number; amountA: bigint; amountB: bigint })
  | (Pair & { name: "WithdrawRequested"; owner: string; amount: bigint; fromS: number; untilS: number })
  | (Pair & { name: "WithdrawCancelled"; owner: string })
  | (Pair & { name: "WithdrawExecuted"; owner: string; amount: bigint })
  | { name: "Committed"; by: string; epoch: number; root: string; count: number; blobs: readonly string[]; data: string }
  | { name: "BlobsAttached"; by: string; epoch: number; blobs: readonly string[] }
  | (Pair & {
      name: "Published";
      seq: number;
      digest: string;
      /** Null where it says what no record of this version can say. */
      record: RecordWire | null;
      /** "0x" where there is none. */
      signatureA: string;
      signatureB: string;
    });

/** One event of the settlement contract. */
export type ChainEvent = EventPlace & EventBody;

/** The events of some blocks, and the last of these blocks: reading goes on with the next one. */
export interface EventPage {
  throughBlock: number;
  events: ChainEvent[];
}

/** Blocks asked for at once; fewer where the node finds that too many. */
const mostBlocks = 5_000;

/**
 * Reads all events of a settlement contract from one block through another, in the order of the chain, page by page.
 * @throws AppError of chainError
 */
export async function* readEvents(
  provider: JsonRpcProvider,
  contract: string,
  { fromBlock, toBlock }: { fromBlock: number; toBlock: number },
): AsyncGenerator<EventPage> {
  let size = mostBlocks;
  for (let from = fromBlock; from <= toBlock;) {
    const to = Math.min(from + size - 1, toBlock);
    const page = await pageOf(provider, contract, from, to);
    if (!page) {
      // Nodes bound the blocks or the events of one answer, and each in other words.
      if (size === 1) throw new AppError("chain-refused", `the node does not give the events of block ${from}`);
      size = Math.max(1, Math.floor(size / 2));
      continue;
    }
    yield { throughBlock: to, events: page };
    from = to + 1;
    size = Math.min(mostBlocks, size * 2);
  }
}

/** An event as nodes give it; newer ones say the time of its block too. */
interface RawLog {
  topics: string[];
  data: string;
  blockNumber: string;
  blockTimestamp?: string;
  transactionHash: string;
  logIndex: string;
}

/** Undefined where the node refuses. */
async function pageOf(provider: JsonRpcProvider, contract: string, from: number, to: number): Promise<ChainEvent[] | undefined> {
  const what = `reading events of blocks ${from} to ${to}`;
  const times = new Map<string, number>();
  const timeOf = async (block: string): Promise<number> => {
    const known = times.get(block);
    if (known !== undefined) return known;
    const found = (await ask(provider, what, "eth_getBlockByNumber", [block, false])) as { timestamp: string } | null;
    if (!found) throw new AppError("chain-refused", `${what}: the node has no block ${Number(block)}`, { temporary: true });
    times.set(block, Number(found.timestamp));
    return Number(found.timestamp);
  };
  let logs: RawLog[];
  try {
    const filter = { address: contract, fromBlock: hexOf(from), toBlock: hexOf(to) };
    logs = (await ask(provider, what, "eth_getLogs", [filter])) as RawLog[];
  } catch (error) {
    if (error instanceof AppError && error.code === "chain-refused") return undefined;
    throw error;
  }
  const events: ChainEvent[] = [];
  for (const log of logs) {
    const parsed = settlementInterface.parseLog(log);
    const body = parsed && bodyOf(parsed);
    if (!body) continue;
    const timeS = log.blockTimestamp === undefined ? await timeOf(log.blockNumber) : Number(log.blockTimestamp);
    const place = { block: Number(log.blockNumber), timeS, transaction: log.transactionHash, logIndex: Number(log.logIndex) };
    events.push({ ...place, ...body });
  }
  return events.toSorted((one, other) => one.block - other.block || one.logIndex - other.logIndex);
}

async function ask(provider: JsonRpcProvider, what: string, method: string, params: unknown[]): Promise<unknown> {
  try {
    return (await provider.send(method, params)) as unknown;
  } catch (error) {
    throw chainError(what, error);
  }
}

const hexOf = (block: number): string => `0x${block.toString(16)}`;
const zeroAddress = `0x${"0".repeat(40)}`;

/** Undefined for events that are none of the contract's own (EIP712DomainChanged). */
function bodyOf({ name, args }: LogDescription): EventBody | undefined {
  const text = (field: string): string => String(args[field]).toLowerCase();
  const number = (field: string): number => Number(args[field]);
  const money = (field: string): bigint => BigInt(String(args[field]));
  const texts = (field: string): string[] => [...(args[field] as Result)].map((one) => String(one).toLowerCase());
  const pair = () => ({ a: text("a"), b: text("b") });
  switch (name) {
    case "PartySet": {
      const signer = text("signer");
      const none = signer === zeroAddress;
      return { name, owner: text("owner"), signer: none ? null : signer, sinceS: number("since"), untilS: number("until") };
    }
    case "KeyEnded":
      return { name, owner: text("owner"), signer: text("signer"), untilS: number("until"), revoked: Boolean(args["revoked"]) };
    case "DailyCapSet":
      return { name, owner: text("owner"), cap: money("cap"), fromS: number("from") };
    case "Deposited":
      return { name, ...pair(), side: args["sideA"] ? "a" : "b", amount: money("amount"), from: text("from") };
    case "Settled":
      return {
        name,
        ...pair(),
        seq: number("seq"),
        head: text("head"),
        payer: text("payer"),
        due: money("due"),
        paid: money("paid"),
      };
    case "NotSettled":
      return { name, ...pair(), seq: number("seq"), reason: text("reason") };
    case "Shortfall":
      return { name, ...pair(), seq: number("seq"), payer: text("payer"), missing: money("missing") };
    case "Collected":
      return { name, ...pair(), payer: text("payer"), paid: money("paid") };
    case "Withdrawn":
      return { name, ...pair(), nonce: number("nonce"), amountA: money("amountA"), amountB: money("amountB") };
    case "WithdrawRequested":
      return {
        name,
        ...pair(),
        owner: text("owner"),
        amount: money("amount"),
        fromS: number("from"),
        untilS: number("until"),
      };
    case "WithdrawCancelled":
      return { name, ...pair(), owner: text("owner") };
    case "WithdrawExecuted":
      return { name, ...pair(), owner: text("owner"), amount: money("amount") };
    case "Committed":
      return {
        name,
        by: text("by"),
        epoch: number("epoch"),
        root: text("root"),
        count: number("count"),
        blobs: texts("blobs"),
        data: text("data"),
      };
    case "BlobsAttached":
      return { name, by: text("by"), epoch: number("epoch"), blobs: texts("blobs") };
    case "Published":
      return {
        name,
        ...pair(),
        seq: number("seq"),
        digest: text("digest"),
        record: publishedRecord(args["head"] as Result, args["body"] as Result),
        signatureA: text("sigA"),
        signatureB: text("sigB"),
      };
    default:
      return undefined;
  }
}
