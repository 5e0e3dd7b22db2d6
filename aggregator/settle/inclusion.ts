import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { SettlementDown } from "../../core/message/settlement-message.ts";
import { oneAtATime } from "../dispatch/one-at-a-time.ts";
import type { Send } from "../dispatch/sender.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { TreeOf } from "./epoch-trees.ts";

/** Tells homes that the chain has what they signed. */
export interface Inclusion {
  /** Sends a home the proofs that it has not got, where it is there to take them. */
  tell(site: string): Promise<void>;
  /** The same for a home that has come back: the newest that it was sent may have been lost on its way, so that comes again. */
  welcome(site: string): Promise<void>;
  /** The same for one record that the home asks about: what it was sent of that epoch has not reached it. */
  again(site: string, asked: { seq: number; digest: string }): Promise<void>;
}

type Included = Extract<SettlementDown, { kind: "included" }>;

/** What a message holds at most. */
const most = { records: 100, prices: 20, bytes: 200_000 };
/** Epochs that a home gets when it comes back after a long time; what is older it can read from the API and the log. */
const mostEpochs = 32;
const lifetimeS = 24 * 3600;
/** Records that a home asks about at a time; it asks again for what is not answered. */
const mostQuestions = 100;

/** @param options.present whether a home is connected and ready: what is sent to others would only wait at the broker and run out */
export function inclusion(options: {
  store: AggregatorStore;
  owner: string;
  treeOf: TreeOf;
  send: Send;
  present: (site: string) => boolean;
  log: Log;
}): Inclusion {
  const { store, owner, log } = options;
  const messagesOf = async (site: string, epoch: number): Promise<Included[]> => {
    const records = await store.recordsIn(epoch, site);
    const series = await store.seriesIn(epoch);
    if (records.length === 0 && series.length === 0) return [];
    const tree = await options.treeOf(epoch);
    if (!tree) return [];
    const { root, count } = tree;
    const of = (part: Pick<Included, "records" | "prices">): Included => ({
      kind: "included",
      by: owner,
      epoch,
      root,
      count,
      ...part,
    });
    const proven = records.map(({ record: { seq }, digest }) => ({ seq, digest, proof: tree.proofOf(digest) }));
    const prices = series.map((hash) => ({ hash, proof: tree.proofOf(hash) }));
    return [
      ...inParts(prices, most.prices).map((some) => of({ records: [], prices: some })),
      ...inParts(proven, most.records).map((some) => of({ records: some, prices: [] })),
    ];
  };
  const tellOf = async (site: string, epoch: number): Promise<void> => {
    for (const message of await messagesOf(site, epoch))
      await options.send(site, "settlement", "settle/supply", message, { lifetimeS });
  };
  /** Digests that homes ask about, by number of the record. */
  const questions = new Map<string, Map<number, string>>();
  /** All that a home asks about while it is answered is answered together, each epoch once. */
  const tellAgain = oneAtATime(async (site) => {
    const asked = questions.get(site) ?? new Map<number, string>();
    questions.delete(site);
    const epochs = new Set<number>();
    for (const [seq, digest] of asked) {
      const stored = await store.recordAt(site, seq);
      if (stored?.digest !== digest || stored.epoch === null) continue;
      // Before that it may still be lost, and is told in its turn.
      if ((await store.epochAt(stored.epoch))?.final) epochs.add(stored.epoch);
    }
    for (const epoch of epochs) await tellOf(site, epoch);
  });
  const again: Inclusion["again"] = async (site, { seq, digest }) => {
    const asked = questions.get(site) ?? new Map<number, string>();
    questions.set(site, asked);
    if (asked.size < mostQuestions || asked.has(seq)) asked.set(seq, digest);
    await tellAgain(site);
  };
  const tellFrom = async (site: string, told: number): Promise<void> => {
    const epochs = (await store.finalAfter(told)).slice(-mostEpochs);
    for (const epoch of epochs) {
      await tellOf(site, epoch);
      await store.setTold(site, epoch);
    }
  };
  const quietly = (site: string, work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => log.debug({ site, code: errorCode(error), error: errorMessage(error) }, "proofs not sent"));
  return {
    tell: (site) =>
      options.present(site)
        ? quietly(
            site,
            store.told(site).then((told) => tellFrom(site, told)),
          )
        : Promise.resolve(),
    again: (site, asked) => quietly(site, again(site, asked)),
    welcome: (site) =>
      quietly(
        site,
        store.told(site).then((told) => tellFrom(site, Math.max(0, told - 1))),
      ),
  };
}

/** Parts of at most so many items and bytes. */
function inParts<Item>(items: readonly Item[], mostItems: number): Item[][] {
  const parts: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = JSON.stringify(item).length;
    const last = parts.at(-1);
    if (!last || last.length === mostItems || bytes + size > most.bytes) {
      parts.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return parts;
}
