import { createHash } from "node:crypto";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import { EnvelopeType, verifyEnvelope, type Envelope, type PinnedKeys } from "../../core/envelope.ts";
import { Receipt } from "../../core/message/measurements.ts";
import type { Rejections } from "../../core/rejections.ts";
import type { ControlStore } from "../store/control-store.ts";
import type { Arrival } from "./mqtt-link.ts";

/** What is done with a message once it is believed. */
export type Handlers = Partial<
  Record<EnvelopeType, (body: unknown, place: { rest: string; envelope: Envelope }) => void | Promise<void>>
>;

/** Parts that the inbox works with. */
export interface InboxOptions {
  keys: PinnedKeys;
  site: string;
  clock: Clock;
  store: Pick<ControlStore, "lastSeen" | "see">;
  rejections: Rejections;
  handlers: Handlers;
}

/** The mailbox of a link. */
export interface Inbox {
  /** Resolves when the message, and all before it, were judged. */
  take(arrival: Arrival): Promise<void>;
  /** Takes nothing more; resolves when what it took is done, so that the stores may close. */
  close(): Promise<void>;
}

/** Messages, and their characters in all, that may wait to be verified; a flood costs a number, not memory. */
const mostPending = 500;
const mostPendingLength = 2 * 1024 * 1024;
/** Topics, and runs on the topic of receipts, whose newest message is remembered; a house has some dozens. */
const mostPlaces = 1000;

/** Runs are receipted side by side, maybe by several workers: the number of one says nothing of another's. */
const runOf = (type: EnvelopeType, body: unknown): string => (type === "receipt" && Receipt.safeParse(body).data?.boot) || "";

/** Which kind of message a downward topic carries. */
export function envelopeTypeOf(rest: string): EnvelopeType | undefined {
  const [head, ...tail] = rest.split("/");
  if (tail.length === 0 && head === "state") return "heartbeat";
  if (tail.length === 0 && head === "receipt") return "receipt";
  if (tail.length === 0 && head === "price") return "price";
  if (tail.length === 0 && head === "limit") return "limit";
  if (tail.length === 0 && head === "keys") return "keys";
  if (tail.length === 0 && head === "config") return "config";
  if (tail.length === 1 && head === "instr") return "instruction";
  if (tail.length === 1 && head === "settle") return "settlement";
  return undefined;
}

/**
 * Verifies each arrival in turn, commits its number, then hands it on. Whatever is refused is counted by its code
 * and changes nothing. A repeat of the newest message of a topic (a retained one after a reconnect) is no replay: it is
 * applied once in each run of the agent, as a crash may have come between its number and its effect.
 */
export function openInbox(options: InboxOptions): Inbox {
  // These numbers stay in memory, as a write for each would wear the card: a heartbeat says nothing after 180 s, and an old
  // receipt says again of rows that they are stored, which stays true.
  const inMemory = new Set<EnvelopeType>(["heartbeat", "receipt"]);
  /** What was applied last in this run of the agent; that of the longest ago first. */
  const applied = new Map<string, { seq: number; hash: string }>();
  const apply = (place: string, seq: number, hash: string): void => {
    applied.delete(place);
    applied.set(place, { seq, hash });
    const [oldest = place] = applied.keys();
    if (applied.size > mostPlaces) applied.delete(oldest);
  };
  const accept = async (arrival: Arrival): Promise<void> => {
    const type = envelopeTypeOf(arrival.rest);
    const handle = type && options.handlers[type];
    if (!handle) throw new AppError("topic-unknown", `no message is expected on ${arrival.topic}`);
    const envelope = await verifyEnvelope(arrival.text, {
      keys: options.keys,
      type,
      site: options.site,
      nowMs: options.clock.now(),
    });
    const hash = createHash("sha256").update(arrival.text).digest("hex");
    const place = [envelope.kid, arrival.topic, runOf(type, envelope.body)].join(" ");
    const here = applied.get(place);
    if (here?.hash === hash) return;
    const last = inMemory.has(type) ? here : options.store.lastSeen(envelope.kid, arrival.topic);
    const repeat = envelope.seq === last?.seq && hash === last.hash;
    if (last && envelope.seq <= last.seq && !repeat)
      throw new AppError("envelope-old-seq", `number ${envelope.seq} on ${arrival.topic} is not above ${last.seq}`);
    if (!inMemory.has(type) && !repeat) options.store.see(envelope.kid, arrival.topic, envelope.seq, hash);
    apply(place, envelope.seq, hash);
    await handle(envelope.body, { rest: arrival.rest, envelope });
  };
  let queue: Promise<void> = Promise.resolve();
  let pending = 0;
  let pendingLength = 0;
  let closed = false;
  return {
    take(arrival) {
      // Whatever matters comes again: it is neither receipted nor answered.
      if (closed) return Promise.resolve();
      const { length } = arrival.text;
      if (pending >= mostPending || pendingLength + length > mostPendingLength) {
        options.rejections.note("inbox-full", "inbox", `${pending} messages wait already; the aggregator sends again`);
        return Promise.resolve();
      }
      pending++;
      pendingLength += length;
      queue = queue
        .then(() => accept(arrival))
        .catch((error: unknown) => {
          // A made-up topic is no source worth remembering: there is one for each message of a flood.
          const source = envelopeTypeOf(arrival.rest) ? arrival.topic : "inbox";
          options.rejections.note(errorCode(error), source, errorMessage(error));
        })
        .finally(() => {
          pending--;
          pendingLength -= length;
        });
      return options.clock.hold(queue);
    },
    close() {
      closed = true;
      return queue;
    },
  };
}
