import { errorCode } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { ChainClient } from "../../settlement/chain/chain-client.ts";
import type { SettlementDomain } from "../../settlement/record/domain.ts";
import { type EpochSource, folderSource, mirrorSource } from "../../settlement/log/epoch-source.ts";
import { checkEpochData, mostBytesOfEpoch } from "../../settlement/log/fetch-epoch.ts";
import { type LogData, leavesOf } from "../../settlement/log/log-data.ts";
import type { LoggedRecord } from "../../settlement/log/log-run.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { recordsLost } from "./doubts.ts";

/** Parts that it works with. */
export interface CatchUpOptions {
  store: Pick<
    AggregatorStore,
    "newestEpoch" | "unfinishedEpochs" | "takeEpoch" | "dropEpoch" | "lostEpochs" | "fillEpoch" | "setDue"
  >;
  chain: Pick<ChainClient, "epochOf" | "readCommit">;
  domain: SettlementDomain;
  /** The aggregator's own party. */
  owner: string;
  /** Where its own published data may be. */
  sources: readonly EpochSource[];
  /** Records that were published in full. */
  onRecords: (records: readonly LoggedRecord[]) => Promise<void>;
  now: () => number;
  log: Log;
}

/** Its own folder, and its mirrors. */
export const ownSources = (folder: string, mirrors: readonly string[]): EpochSource[] => [
  folderSource(folder),
  ...mirrors.map((mirror) => mirrorSource(mirror)),
];

/**
 * Takes over what the chain has of this party and the database has not, as after a backup was put back: epochs go on after those
 * of the chain, and one that was made here under a number that the chain gives another root is taken apart. What an epoch holds
 * comes from data that was published, checked by the root; where nobody has it the epoch is kept as one without data, and looked
 * for again by later calls.
 * @returns what does it; at its first call for all, then for what is missing
 * @throws AppError of the chain client; nothing may be numbered before it has come through once
 */
export function epochCatchUp(options: CatchUpOptions): () => Promise<void> {
  const { store, chain, domain, owner, log } = options;
  let compared = false;
  const dataOf = async (epoch: number, { root, count }: { root: string; count: number }): Promise<LogData | null> => {
    const wanted = { by: owner, epoch, root, count, place: { in: "nowhere" } as const, blobs: [] };
    for (const source of options.sources)
      try {
        const bytes = await source.fetch(wanted, mostBytesOfEpoch(wanted));
        const checked = bytes && checkEpochData(domain, wanted, bytes);
        if (checked && "data" in checked) return checked.data;
        if (checked) log.warn({ epoch, source: source.name, error: checked.message }, "published data is not what the chain has");
      } catch (error) {
        log.warn({ epoch, source: source.name, code: errorCode(error) }, "published data cannot be read");
      }
    return null;
  };
  const takeRecords = async (data: LogData | null): Promise<void> => {
    if (data?.form === "records") await options.onRecords(data.records);
  };
  const compare = async (): Promise<void> => {
    const onChain = await chain.epochOf(owner);
    const unfinished = await store.unfinishedEpochs();
    const known = new Set(unfinished.map(({ epoch }) => epoch));
    // What lies below the oldest that is not final is here.
    const first = Math.min((await store.newestEpoch()) + 1, ...known);
    for (const { epoch, root, committedTx } of unfinished) {
      if (committedTx !== null || epoch > onChain || (await chain.readCommit(owner, epoch))?.root === root) continue;
      await store.dropEpoch(epoch);
      known.delete(epoch);
      log.warn({ epoch }, "the chain has another epoch under this number, made here before the database was put back");
    }
    const all = Array.from({ length: Math.max(0, onChain - first + 1) }, (_, index) => first + index);
    const missing = all.filter((epoch) => !known.has(epoch));
    if (missing.length === 0) return;
    await store.setDue(recordsLost, options.now());
    for (const epoch of missing) {
      const commit = await chain.readCommit(owner, epoch);
      if (!commit) continue;
      const data = await dataOf(epoch, commit);
      await store.takeEpoch({ epoch, root: commit.root, digests: data ? leavesOf(data) : [] });
      await takeRecords(data);
      log.error({ epoch, leaves: commit.count, data: data !== null }, "the chain has an epoch that this database lacks");
    }
  };
  return async () => {
    if (!compared) await compare();
    compared = true;
    for (const { epoch, root } of await store.lostEpochs()) {
      const commit = await chain.readCommit(owner, epoch);
      const data = commit?.root === root ? await dataOf(epoch, commit) : null;
      if (!data) continue;
      await store.fillEpoch(epoch, leavesOf(data));
      await takeRecords(data);
      log.info({ epoch }, "published data of an epoch without data is back");
    }
  };
}
