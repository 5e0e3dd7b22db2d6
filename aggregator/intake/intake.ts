import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import { ConsentMessage } from "../../core/consent.ts";
import type { Log } from "../../core/log.ts";
import { InstructionAck } from "../../core/message/instruction.ts";
import { Measurements } from "../../core/message/measurements.ts";
import { Refusal } from "../../core/message/refusal.ts";
import { ConfigReport } from "../../core/message/remote-config.ts";
import { Resource, ResourceStatus, SiteState } from "../../core/message/resource.ts";
import { Traded } from "../../core/message/traded.ts";
import { SettlementUp } from "../../core/message/settlement-message.ts";
import { freshFill } from "../optimise/store-problem.ts";
import { isTimeZone } from "../../core/slots.ts";
import { implausible } from "../optimise/plausible-storage.ts";
import type { Rejections } from "../../core/rejections.ts";
import type { SiteMessage } from "../dispatch/broker-link.ts";
import { leastNumber, type Send } from "../dispatch/sender.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { lostAt } from "../settle/doubts.ts";
import { parseBody as parse, parseJson } from "./parse-body.ts";
import { receipts } from "./receipts.ts";
import { resourceNames } from "./resource-names.ts";
import { rowBatches } from "./row-batches.ts";
import { takeConsents } from "./take-consents.ts";

/** Parts that the intake works with; `on…` hear of what is stored. */
export interface IntakeOptions {
  /** Own id. */
  aggregator: string;
  sites: ReadonlySet<string>;
  store: AggregatorStore;
  send: Send;
  clock: Clock;
  log: Log;
  rejections: Rejections;
  onState: (site: string, state: SiteState) => void;
  onResource: (site: string) => void;
  onStatus: (site: string, status: ResourceStatus) => void | Promise<void>;
  /** It has traded something else than what was known. */
  onTraded: (site: string) => void;
  onAnswer: (site: string, ack: InstructionAck) => void;
  onSlots: (site: string) => void;
  onSettlement: (site: string, message: SettlementUp) => Promise<void>;
}

/** The mailbox of all homes. */
export interface Intake {
  /** Resolves when the message was stored and answered, or refused. */
  take(message: SiteMessage): Promise<void>;
  /** False once it is closed: nothing is taken any more. */
  isOpen(): boolean;
  /** Resolves when fewer messages wait, or after some seconds; null while there is room. */
  room(): Promise<void> | null;
  /** Takes nothing more; resolves when what was taken is done, so that link and store may close. */
  close(): Promise<void>;
}

/** Messages that may wait, of all homes together, and their characters in all; a flood costs a number, not memory. */
const mostPending = 16_000;
const mostPendingLength = 32 * 1024 * 1024;
/** Of one home: it cannot take the room, or the time, of the others. */
const mostOfOne = { pending: 4000, length: 8 * 1024 * 1024 };
/** From here on nothing more is read from the broker until fewer wait; so long at most, as the connection would die of it. */
const slowDown = { pending: 8000, length: 16 * 1024 * 1024, mostMs: 5000 };
/** Rows that the database did not take; homes send them again. */
const notStoredCode = "intake-not-stored";
const notStored = (cause: unknown): never => {
  throw new AppError(notStoredCode, `rows were not kept (${errorMessage(cause)}), homes send them again`, {
    temporary: true,
    cause,
  });
};
/** An appliance that rejects everything is in the log so often at most. */
const sayAgainMs = 60_000;
/** Causes of an override that come from people in the house. */
const residents: ReadonlySet<string> = new Set(["user", "hand", "comfort"]);

/**
 * Takes what homes send: schema first, then the store, then the answer. Rows are receipted only once they are stored.
 * A message that cannot be used is counted by its code and changes nothing.
 */
export function intake(options: IntakeOptions): Intake {
  const { store } = options;
  const answers = receipts(options);
  const demandResource = resourceNames(store);
  const measurements = async (site: string, message: Measurements): Promise<void> => {
    const { contiguousSeq, receiptNumber, changed, lost, refused } = await store
      .ingest(site, message, leastNumber(options.clock.now()))
      .catch(notStored);
    const note = (code: string, what: string): void =>
      options.rejections.note(code, `sma/1/${options.aggregator}/${site}/up/meter`, `of run ${message.boot} ${what}`);
    // Numbers are never used twice: a home that does so loses the later rows, and somebody must hear of it.
    if (changed) note("intake-row-changed", `${changed} rows came again with another content; the first ones stay`);
    // Whoever settles asks the home for records that were lost with them.
    if (lost) await store.setDue(lostAt(site), options.clock.now());
    if (lost) note("intake-rows-lost", `${lost} rows before ${contiguousSeq + 1} were receipted and are not here any more`);
    if (refused) note("intake-rows-ahead", `${refused} rows far above ${contiguousSeq} were not kept; they come again`);
    // Not waited for: the broker's word for it comes behind what is just read.
    answers.give(site, { boot: message.boot, seq: contiguousSeq }, receiptNumber);
    if (message.items.some(({ kind }) => kind === "slot")) options.onSlots(site);
  };
  const rejectedMs = new Map<string, number>();
  const sayRejected = (key: string, fields: object): void => {
    const nowMs = options.clock.monotonicMs();
    const isFresh = nowMs - (rejectedMs.get(key) ?? -Infinity) < sayAgainMs;
    if (!isFresh) rejectedMs.set(key, nowMs);
    options.log[isFresh ? "debug" : "warn"]({ ...fields }, "home rejected a plan");
  };
  const ack = async (site: string, body: unknown): Promise<void> => {
    const answer = parse(InstructionAck, body);
    const { plan, status, code, message, resource } = answer;
    await demandResource(site, resource);
    await store.answerPlan(site, plan, status, code ?? null, { message: message ?? null, atMs: options.clock.now() });
    if (status === "REJECTED") await store.refuseEvents(site, plan);
    if (status === "REJECTED") sayRejected(`${site} ${resource}`, { site, resource, code, reason: message });
    options.onAnswer(site, answer);
  };
  /** By the count of rejections, so that a home that says so in a flood does not fill the log. */
  const homeRefuses = (site: string, { topic, code, message }: Refusal): void =>
    options.rejections.note("intake-refused-by-home", `${site} ${topic}`, `${code}: ${message}`);
  /** Work that the home's next message need not wait for. */
  interface Later {
    later: Promise<void>;
  }
  const take = async ({ site, rest, text, topic }: SiteMessage): Promise<Later | void> => {
    if (!options.sites.has(site)) throw new AppError("intake-unknown-site", `site "${site}" is not in the configuration`);
    const body = parseJson(text);
    const [head, ...tail] = rest.split("/");
    if (head === "consent" && tail.length === 0)
      return takeConsents(site, parse(ConsentMessage, body), { store, aggregator: options.aggregator });
    if (head === "state" && tail.length === 0) return options.onState(site, parse(SiteState, body));
    if (head === "resource" && tail.length === 1) {
      const resource = parse(Resource, body);
      if (!isTimeZone(resource.timezone))
        throw new AppError("intake-malformed", `timezone "${resource.timezone}" is no IANA time zone such as Europe/Amsterdam`);
      const why = implausible(resource);
      await demandResource(site, resource.resource);
      await store.saveResource(site, resource);
      if (why !== undefined) options.rejections.note("intake-implausible-resource", topic, why);
      return options.onResource(site);
    }
    if (head === "status" && tail.length === 1) {
      const status = parse(ResourceStatus, body);
      await demandResource(site, status.resource);
      // Whoever takes over by hand or wish loses that event's reward, and owes nothing for it; safety costs nobody anything.
      if (status.override) {
        const mark = residents.has(status.override.cause) ? store.overrideEvents : store.excuseEvents;
        await mark(site, status.resource, Date.parse(status.at));
      }
      const { resource, fillLevel } = status;
      const isFresh = freshFill(status, options.clock.now()) !== undefined;
      const kept = [store.saveStatus(site, status), ...(fillLevel && isFresh ? [store.keepFill(site, resource, fillLevel)] : [])];
      return { later: Promise.all(kept).then(() => options.onStatus(site, status)) };
    }
    if (head === "traded" && tail.length === 0)
      return (await store.saveTraded(site, parse(Traded, body))) ? options.onTraded(site) : undefined;
    if (head === "ack" && tail.length === 1) return ack(site, body);
    if (head === "config" && tail.length === 0) return store.saveReport(site, parse(ConfigReport, body), options.clock.now());
    if (head === "refused" && tail.length === 0) return homeRefuses(site, parse(Refusal, body));
    if (head === "settle" && tail.length === 1) return options.onSettlement(site, parse(SettlementUp, body));
    throw new AppError("intake-unknown-topic", `no message is expected on up/${rest}`);
  };
  const refuse = ({ topic }: Pick<SiteMessage, "topic">, error: unknown): void => {
    const code = errorCode(error);
    // It is not about the home: one line for all of them.
    options.rejections.note(code, code === notStoredCode ? "the database" : topic, errorMessage(error));
  };
  // One queue a home keeps its messages in order; homes do not wait for each other.
  let pending = 0;
  let pendingLength = 0;
  const ofHome = new Map<string, { pending: number; length: number }>();
  let closed = false;
  let reading = Promise.withResolvers<void>();
  /** Of messages of homes that are none of ours together. */
  const nameOf = ({ site }: SiteMessage): string => (options.sites.has(site) ? site : "");
  const isBusy = (): boolean => pending >= slowDown.pending || pendingLength >= slowDown.length;
  const release = (site: string, messages: number, length: number): void => {
    pending -= messages;
    pendingLength -= length;
    const own = ofHome.get(site) ?? { pending: messages, length };
    own.pending -= messages;
    own.length -= length;
    if (own.pending === 0) ofHome.delete(site);
    if (!isBusy()) reading.resolve();
  };
  const rows = rowBatches({ store: measurements, refuse, done: release });
  const underWay = new Set<Promise<void>>();
  const queues = new Map<string, Promise<void>>();
  const inTurn = (site: string, work: () => Promise<Later | void>): Promise<void> => {
    const taken = (queues.get(site) ?? Promise.resolve()).then(() => rows.under(site)).then(work);
    const done = (): void => void (queues.get(site) === last && queues.delete(site));
    const last = taken.then(done, done);
    if (options.sites.has(site)) queues.set(site, last);
    return taken.then((result) => result?.later);
  };
  const noted = async (done: Promise<void>): Promise<void> => {
    underWay.add(done);
    await done;
    underWay.delete(done);
  };
  /** Rows need not wait for rows: those of one home are stored in their order anyway. */
  const takeRows = (message: SiteMessage): Promise<void> =>
    queues.has(message.site) ? noted(inTurn(message.site, async () => ({ later: rows.add(message) }))) : rows.add(message);
  const takeOther = async (message: SiteMessage): Promise<void> => {
    await noted(inTurn(message.site, () => take(message)).catch((error: unknown) => refuse(message, error)));
    release(nameOf(message), 1, message.text.length);
  };
  return {
    take(message) {
      if (closed) return Promise.resolve();
      const { length } = message.text;
      const who = nameOf(message);
      const own = ofHome.get(who) ?? { pending: 0, length: 0 };
      const isFull = pending >= mostPending || pendingLength + length > mostPendingLength;
      if (isFull || own.pending >= mostOfOne.pending || own.length + length > mostOfOne.length) {
        const waiting = isFull ? `${pending} messages wait` : `${own.pending} messages of this home wait`;
        options.rejections.note("intake-full", message.topic, `${waiting} already; the home sends again`);
        return Promise.resolve();
      }
      pending++;
      pendingLength += length;
      own.pending++;
      own.length += length;
      ofHome.set(who, own);
      return options.clock.hold(message.rest === "meter" && who !== "" ? takeRows(message) : takeOther(message));
    },
    isOpen: () => !closed,
    room() {
      if (!isBusy()) return null;
      reading = Promise.withResolvers();
      const timer = setTimeout(reading.resolve, slowDown.mostMs);
      return reading.promise.finally(() => clearTimeout(timer));
    },
    async close() {
      closed = true;
      await Promise.all(underWay);
      await rows.settled();
      await answers.settled();
    },
  };
}
