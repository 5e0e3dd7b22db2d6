import { errorCode, errorMessage } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { SettlementDown, type SettlementUp } from "../../core/message/settlement-message.ts";
import { parseAs } from "../../core/parse-as.ts";
import type { Uncountersigned } from "../store/record-store.ts";
import { missedCountersignatures, missedToLeave } from "./missed-countersignatures.ts";
import type { SigningRoom } from "./signing-room.ts";

/** Answers what the aggregator proposes, and looks after what came of it. */
export interface Settler {
  /** Takes a verified message of dn/settle/P. @throws AppError settlement-malformed, and what the signing room throws */
  take(body: unknown, pairTopic: string): Promise<void>;
  /** Asks again for signatures that are missing; nothing before this run has opened the room. */
  remind(): Promise<void>;
  /** One round of watching, to be called each minute: missed countersignatures, and what the home does on the chain. */
  keep(): Promise<void>;
  /** Whether the house does not follow the aggregator, because it has not countersigned. */
  hasLeft(): boolean;
  /** Answers in this run; a dispute counts once however often it is repeated. */
  counts(): { signed: number; disputed: number };
  close(): Promise<void>;
}

/** What the settler works with. */
export interface SettlerOptions {
  open: () => Promise<SigningRoom>;
  publish: (rest: string, message: SettlementUp) => Promise<void>;
  /** Whether the journal holds anything to look after; the room is opened for it then. */
  hasJournal: () => boolean;
  countersignedWithinMs: number;
  /** Energy that no record settles for so long is a reason to leave too. */
  settledWithinMs: number;
  /** The house leaves the aggregator's control, or comes back. */
  onLeft: () => void;
  clock: Pick<Clock, "now" | "monotonicMs">;
  log: Log;
}

const remindMs = 600_000;
/** A house that comes back after days offline has old records too: the aggregator gets so long to countersign them. */
const graceMs = 600_000;

/** Answers settlement messages one after the other; disputes are logged once each by their code and seq. */
export function settler(options: SettlerOptions): Settler {
  const { clock, log } = options;
  let room: Promise<SigningRoom> | null = null;
  let unopened: string | null = null;
  let leftMs: number | null = null;
  let saidHidden = false;
  let remindedMs = -Infinity;
  const opened = (): Promise<SigningRoom> => {
    room ??= options.open().catch((error: unknown) => {
      room = null;
      throw error;
    });
    return room;
  };
  const counts = { signed: 0, disputed: 0 };
  const disputed = new Set<string>();
  let topic = "settle/supply";
  const publish = (message: SettlementUp): Promise<void> =>
    // Lost while offline: the aggregator proposes again, and remind() asks again.
    options
      .publish(topic, message)
      .catch((error: unknown) => log.debug({ error: errorMessage(error) }, "settlement answer not sent"));
  const ask = async (waiting: readonly Uncountersigned[]): Promise<void> => {
    remindedMs = clock.monotonicMs();
    for (const { seq, digest, signature } of waiting) await publish({ v: 1, kind: "signed", seq, digest, signature });
    const last = waiting.at(-1);
    if (leftMs !== null && last) await publish(leftMessage(last, waiting.length));
  };
  /** What was said last of a journal that lacks records: more of them are asked for with it. */
  let behind: Extract<SettlementUp, { kind: "disputed" }> | null = null;
  let asked = { digest: "", atMs: -Infinity };
  /** Asks for a proof of inclusion that was lost on its way; at once for the next one where the last asked for has come. */
  const askProof = async (signing: SigningRoom, hasCome: boolean): Promise<void> => {
    const unproven = signing.unproven();
    if (!unproven) return;
    const { record, digest } = unproven;
    if (hasCome ? asked.digest === "" || asked.digest === digest : clock.monotonicMs() - asked.atMs < remindMs) return;
    asked = { digest, atMs: clock.monotonicMs() };
    log.info({ seq: record.seq }, "no proof that an epoch holds this record has come, it is asked for");
    const message = `both have signed record ${record.seq}, and no proof has come that an epoch holds it`;
    await publish({ v: 1, kind: "disputed", seq: record.seq, digest, code: unprovenCode, message, own: {} });
  };
  const judge = (signing: SigningRoom): Uncountersigned[] => {
    const waiting = signing.uncountersigned();
    const missed = missedCountersignatures(waiting, clock.now(), options.countersignedWithinMs);
    const seqs = waiting.map(({ seq }) => seq);
    const overdueMs = signing.overdueSince(options.settledWithinMs);
    const hidden = signing.hidden();
    if (hidden && !saidHidden) {
      log.error({ code: "settlement-record-hidden", ...hidden }, "the aggregator hid a record: it is not followed any more");
      saidHidden = true;
    }
    const isOwed = missed >= missedToLeave || overdueMs !== undefined || hidden !== undefined;
    const unsettledSince = overdueMs === undefined ? null : iso(overdueMs);
    if (isOwed && leftMs === null) {
      leftMs = clock.monotonicMs();
      remindedMs = -Infinity;
      log.error({ code: missing, seqs, unsettledSince }, "settlement is owed: the aggregator is not followed until it comes");
      options.onLeft();
    } else if (!isOwed && leftMs !== null) {
      leftMs = null;
      log.info({ seqs }, "countersigned: the aggregator is followed again");
      options.onLeft();
    }
    return waiting;
  };
  return {
    async take(body, pairTopic) {
      const message = parseAs(SettlementDown, body, "settlement-malformed");
      topic = pairTopic;
      const signing = await opened();
      if (message.kind === "head") {
        const from = await signing.recover(message.records, message.newest).finally(() => judge(signing));
        if (from !== null && behind) await publish({ ...behind, own: { ...behind.own, from } });
        return undefined;
      }
      if (message.kind === "included") {
        await signing.included(message);
        return askProof(signing, true);
      }
      if (message.kind === "countersigned") {
        await signing.countersigned(message.seq, message.digest, message.signature);
        judge(signing);
        return undefined;
      }
      const answer = await signing.answer(message.record, message.evidence);
      if (answer.kind === "disputed" && answer.code === "settlement-record-hidden") judge(signing);
      if (answer.kind === "signed") counts.signed++;
      else {
        if (answer.code === "settlement-journal-behind") behind = answer;
        const key = `${answer.seq} ${answer.code}`;
        if (!disputed.has(key)) {
          // No disagreement: with its answer the aggregator shows what is missing here.
          if (answer.code !== "settlement-journal-behind") counts.disputed++;
          const { seq, code, own, message: reason } = answer;
          log.warn({ seq, code, own, reason }, "settlement record not signed");
        }
        if (disputed.size < 1000) disputed.add(key);
        // What it asks for is what the aggregator has not sent.
        if (answer.code === missing) await ask(signing.uncountersigned());
      }
      return publish(answer);
    },
    async remind() {
      try {
        const signing = await room;
        if (signing) await ask(signing.uncountersigned());
      } catch (error) {
        log.debug({ code: errorCode(error), error: errorMessage(error) }, "nothing to remind of");
      }
    },
    async keep() {
      if (!room && !options.hasJournal()) return;
      let signing: SigningRoom;
      try {
        signing = await opened();
      } catch (error) {
        const code = errorCode(error);
        if (code !== unopened) log.error({ code, error: errorMessage(error) }, "settlement cannot be looked after");
        unopened = code;
        return;
      }
      unopened = null;
      const waiting = judge(signing);
      if (waiting.length > 0 && clock.monotonicMs() - remindedMs >= remindMs) await ask(waiting);
      await askProof(signing, false);
      await signing.chores.run(leftMs !== null && clock.monotonicMs() - leftMs >= graceMs);
    },
    hasLeft: () => leftMs !== null,
    counts: () => ({ ...counts }),
    async close() {
      (await room?.catch(() => null))?.close();
    },
  };
}

const missing = "settlement-countersignature-missing";
const unprovenCode = "settlement-inclusion-missing";

function leftMessage({ seq, digest }: Uncountersigned, waiting: number): SettlementUp {
  const message = `${waiting} records were signed here and are not countersigned; the house goes by its own plan until they are`;
  return { v: 1, kind: "disputed", seq, digest, code: missing, message, own: {} };
}
