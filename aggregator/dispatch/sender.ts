import type { Clock } from "../../core/clock/clock.ts";
import { signEnvelope, type ControlKey, type EnvelopeType } from "../../core/envelope.ts";
import { topic } from "../../core/topic.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { leaseLost, type Share, wholeShare } from "../share/share.ts";
import type { BrokerLink } from "./broker-link.ts";

/** Signs a message for one home and hands it to the broker. */
export type Send = (
  site: string,
  type: EnvelopeType,
  rest: string,
  body: unknown,
  options: {
    lifetimeS: number;
    retain?: boolean;
    key?: ControlKey;
    /** Given by whoever sees to it that numbers of this topic rise. */
    number?: number | undefined;
  },
) => Promise<void>;

const blockSize = 1000;
/** More numbers than are ever needed: what was used never lies ahead of the time. Safe integers until the year 2255. */
const numbersPerMs = 1000;

/** No number of a message that is sent now is lower. */
export const leastNumber = (nowMs: number): number => Math.floor(nowMs) * numbersPerMs;

/** What only the worker says that holds the home; any may say a receipt, and settlement is one process's alone. */
const ofTheHolder: ReadonlySet<EnvelopeType> = new Set(["heartbeat", "price", "instruction", "limit", "keys"]);

/**
 * Numbers rise for all homes and topics together, reserved in blocks so that a crash only leaves a gap. They follow the
 * time, too: a database that was restored or lost does not know what was used, and homes refuse every number of the past.
 */
export function sender(options: {
  aggregator: string;
  key: ControlKey;
  store: Pick<AggregatorStore, "reserveSequence">;
  link: () => BrokerLink;
  /** Left out where there is one process. */
  share?: Share;
  clock: Clock;
}): Send {
  const { share = wholeShare } = options;
  let next = 0;
  let end = 0;
  /** Of the share, when the block was reserved. */
  let generation = share.generation();
  let reserving: Promise<void> | null = null;
  const number = async (): Promise<number> => {
    // Homes came from another worker: what it reserved later than this block is above it, and only a new one is above that.
    while (next >= end || generation !== share.generation()) {
      const now = share.generation();
      reserving ??= options.store
        .reserveSequence(blockSize, leastNumber(options.clock.now()))
        .then((first) => {
          next = first;
          end = first + blockSize;
          generation = now;
        })
        .finally(() => (reserving = null));
      await reserving;
    }
    return next++;
  };
  // Signed side by side, handed over in the order of their numbers: a later one must never overtake an earlier one on the way out.
  let numbers: Promise<unknown> = Promise.resolve();
  let order: Promise<unknown> = Promise.resolve();
  return async (site, type, rest, body, { lifetimeS, retain = false, key = options.key, number: given }) => {
    const numbered = given === undefined ? numbers.then(number) : Promise.resolve(given);
    if (given === undefined) numbers = numbered.catch(() => undefined);
    const signed = numbered.then((seq) => signEnvelope(key, { type, site, seq, nowMs: options.clock.now(), lifetimeS, body }));
    // It is looked at in its turn: where it fails while others are before it, nobody listens yet, and that would end the process.
    signed.catch(() => undefined);
    const handedOver = order
      .then(() => signed)
      .then((text) => {
        // Looked at after the number was taken: whoever holds the home later takes higher ones.
        if (ofTheHolder.has(type) && !share.holds(site)) throw leaseLost(site);
        return { published: options.link().publish(topic(options.aggregator, site, "dn", rest), text, retain) };
      });
    order = handedOver.catch(() => undefined);
    await (
      await handedOver
    ).published;
  };
}
