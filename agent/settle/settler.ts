import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import { SettlementDown, type SettlementUp } from "../../core/message/settlement-message.ts";
import { parseAs } from "../../core/parse-as.ts";
import type { SigningRoom } from "./signing-room.ts";

/** Answers what the aggregator proposes. */
export interface Settler {
  /** Takes a verified message of dn/settle/P. @throws AppError settlement-malformed, and what the signing room throws */
  take(body: unknown, pairTopic: string): Promise<void>;
  /** Asks again for a signature that is missing; nothing before the first proposal of this run. */
  remind(): Promise<void>;
  /** Answers in this run; a dispute counts once however often it is repeated. */
  counts(): { signed: number; disputed: number };
  close(): Promise<void>;
}

/** Answers settlement messages one after the other; disputes are logged once each by their code and seq. */
export function settler(options: {
  open: () => Promise<SigningRoom>;
  publish: (rest: string, message: SettlementUp) => Promise<void>;
  log: Log;
}): Settler {
  let room: Promise<SigningRoom> | null = null;
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
      .catch((error: unknown) => options.log.debug({ error: errorMessage(error) }, "settlement answer not sent"));
  return {
    async take(body, pairTopic) {
      const message = parseAs(SettlementDown, body, "settlement-malformed");
      topic = pairTopic;
      const signing = await opened();
      if (message.kind === "countersigned") return signing.countersigned(message.seq, message.digest, message.signature);
      if (message.kind === "head") return signing.recover(message.records);
      if (message.kind === "included") return;
      const answer = await signing.answer(message.record, message.evidence);
      if (answer.kind === "signed") counts.signed++;
      else {
        const key = `${answer.seq} ${answer.code}`;
        if (!disputed.has(key)) {
          // No disagreement: with its answer the aggregator shows what is missing here.
          if (answer.code !== "settlement-journal-behind") counts.disputed++;
          const { seq, code, own, message: reason } = answer;
          options.log.warn({ seq, code, own, reason }, "settlement record not signed");
        }
        if (disputed.size < 1000) disputed.add(key);
      }
      await publish(answer);
    },
    async remind() {
      try {
        const missing = (await room)?.unanswered();
        if (missing) await publish(missing);
      } catch (error) {
        options.log.debug({ code: errorCode(error), error: errorMessage(error) }, "nothing to remind of");
      }
    },
    counts: () => ({ ...counts }),
    async close() {
      (await room?.catch(() => null))?.close();
    },
  };
}
