import type { RecordWire } from "../../core/message/settlement-message.ts";
import { chainError, settlementInterface } from "./chain-error.ts";
import { chainProvider } from "./chain-provider.ts";
import type { CallTarget } from "./call-sender.ts";
import { recordOfBody } from "../record/record-body.ts";
import type { SettlementCall } from "./settlement-calls.ts";

/** A record that somebody put on chain by itself; a missing signature is "0x". */
export interface PublishedRecord {
  digest: string;
  record: RecordWire;
  signatureA: string;
  signatureB: string;
  /** Transaction. */
  tx: string;
  block: number;
}

/** What a gateway asks of the chain before and after it sends something. Every call throws AppErrors of chainError. */
export interface ChainProbe {
  blockNumber(): Promise<number>;
  /** Lets the node run the call without sending it; throws what it would fail with. */
  dryRun(call: SettlementCall): Promise<void>;
  /** Published records of a pair from a block on, oldest first; of one number where that is given. */
  published(a: string, b: string, fromBlock: number, seq?: number): Promise<PublishedRecord[]>;
  close(): void;
}

/** Asks one node about one contract. */
export function chainProbe({ rpcUrl, chainId, contract }: CallTarget & { rpcUrl: string }): ChainProbe {
  const provider = chainProvider(rpcUrl, chainId);
  const ask = async <T>(what: string, question: () => Promise<T>): Promise<T> => {
    try {
      return await question();
    } catch (error) {
      throw chainError(what, error);
    }
  };
  return {
    blockNumber: () => ask("blockNumber", () => provider.getBlockNumber()),
    async dryRun({ what, data }) {
      await ask(what, () => provider.call({ to: contract, data }));
    },
    published: (a, b, fromBlock, seq) =>
      ask("published", async () => {
        const topics = settlementInterface.encodeFilterTopics("Published", [a, b, seq ?? null]);
        const logs = await provider.getLogs({ address: contract, fromBlock, toBlock: "latest", topics });
        return logs.flatMap(({ topics: indexed, data, transactionHash: tx, blockNumber: block }) => {
          const event = settlementInterface.parseLog({ topics: [...indexed], data });
          if (!event) return [];
          const { digest, head, body, sigA, sigB } = event.args.toObject() as PublishedArgs;
          const record = recordOfBody(head, body);
          return record ? [{ digest, record, signatureA: sigA, signatureB: sigB, tx, block }] : [];
        });
      }),
    close: () => provider.destroy(),
  };
}

interface PublishedArgs {
  digest: string;
  head: Parameters<typeof recordOfBody>[0];
  body: Parameters<typeof recordOfBody>[1];
  sigA: string;
  sigB: string;
}
