import type { Clock } from "../../core/clock/clock.ts";
import { signEnvelope, type ControlKey, type EnvelopeType } from "../../core/envelope.ts";
import { topic } from "../../core/topic.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { BrokerLink } from "./broker-link.ts";

/** Signs a message for one home and hands it to the broker. */
export type Send = (
  site: string,
  type: EnvelopeType,
  rest: string,
  body: unknown,
  options: { lifetimeS: number; retain?: boolean; key?: ControlKey },
) => Promise<void>;

const blockSize = 1000;
/** More numbers than are ever needed: what was used never lies ahead of the time. Safe integers until the year 2255. */
const numbersPerMs = 1000;

/**
 * Numbers rise for all homes and topics together, reserved in blocks so that a crash only leaves a gap. They follow the
 * time, too: a database that was restored or lost does not know what was used, and homes refuse every number of the past.
 */
export function sender(options: {
  aggregator: string;
  key: ControlKey;
  store: Pick<AggregatorStore, "reserveSequence">;
  link: () => BrokerLink;
  clock: Clock;
}): Send {
  let next = 0;
  let end = 0;
  let reserving: Promise<void> | null = null;
  const number = async (): Promise<number> => {
    while (next >= end) {
      reserving ??= options.store
        .reserveSequence(blockSize, Math.floor(options.clock.now()) * numbersPerMs)
        .then((first) => {
          next = first;
          end = first + blockSize;
        })
        .finally(() => (reserving = null));
      await reserving;
    }
    return next++;
  };
  // Signed and handed over one at a time: a later number must never overtake an earlier one on the way out.
  let queue: Promise<unknown> = Promise.resolve();
  return async (site, type, rest, body, { lifetimeS, retain = false, key = options.key }) => {
    const handedOver = queue.then(async () => {
      const seq = await number();
      const text = await signEnvelope(key, { type, site, seq, nowMs: options.clock.now(), lifetimeS, body });
      return { published: options.link().publish(topic(options.aggregator, site, "dn", rest), text, retain) };
    });
    queue = handedOver.catch(() => undefined);
    await (
      await handedOver
    ).published;
  };
}
