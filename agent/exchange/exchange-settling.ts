import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { type MeteredSlot, meteredWithinMs } from "../../core/message/exchange-http.ts";
import type { SettlementUp } from "../../core/message/settlement-message.ts";
import { iso } from "../../core/clock/clock.ts";
import type { ExchangeClient } from "../../settlement/exchange/exchange-client.ts";
import { tradeHash } from "../../settlement/record/trade-legs.ts";
import { missedCountersignatures, missedToLeave } from "../settle/missed-countersignatures.ts";
import type { SigningRoom } from "../settle/signing-room.ts";
import type { ExchangeStore } from "../store/exchange-store.ts";
import type { MeterStore } from "../store/meter-store.ts";

/** Signs what the exchange proposes where it is right, and tells it what the meter shows of traded slots. */
export interface ExchangeSettling {
  /** Talks until the exchange has nothing more. @throws AppError of the client */
  run(): Promise<void>;
  /** Whether nothing may be ordered, because the exchange has not countersigned or has hidden a record. */
  hasLeft(): boolean;
  /** End, in ms, of the oldest delivered trade that waits longer than allowed for its record: nothing may be ordered either. */
  unsettledSince(): number | undefined;
  counts(): { signed: number; disputed: number };
}

/** One talk has no more rounds: whoever goes on for ever is not talked to any longer. */
const mostRounds = 200;

export function exchangeSettling(parts: {
  client: Pick<ExchangeClient, "settle">;
  room: Pick<SigningRoom, "answer" | "countersigned" | "recover" | "uncountersigned" | "hidden">;
  store: Pick<ExchangeStore, "saveTrades" | "untold" | "told" | "unsettledSince">;
  meters: Pick<MeterStore, "slots">;
  gridMeter: string;
  countersignedWithinMs: number;
  /** A delivered trade may be without a record that both have signed for so long. */
  settledWithinMs: number;
  clock: Pick<Clock, "now">;
  log: Log;
}): ExchangeSettling {
  const { client, room, store, clock, log } = parts;
  const counts = { signed: 0, disputed: 0 };
  const said = new Set<string>();
  let left = false;
  let saidHidden = false;
  let unsettledMs: number | undefined;
  const totalWh = (register: "import" | "export", startMs: number, endMs: number): number | null => {
    const slots = parts.meters.slots(parts.gridMeter, register, startMs, endMs);
    const coveredMs = slots.reduce((sum, slot) => sum + slot.endMs - slot.startMs, 0);
    return coveredMs === endMs - startMs ? slots.reduce((sum, { wh }) => sum + wh, 0) : null;
  };
  const metered = (): MeteredSlot[] =>
    store.untold(clock.now() - meteredWithinMs, clock.now()).flatMap(({ startMs, endMs }) => {
      const [importWh, exportWh] = [totalWh("import", startMs, endMs), totalWh("export", startMs, endMs)];
      if (importWh === null || exportWh === null) return [];
      return [{ start: iso(startMs), end: iso(endMs), importWh, exportWh }];
    });
  /** Answers one message; what goes wrong with it does not hold up the others. */
  const answerTo = async (message: Awaited<ReturnType<ExchangeClient["settle"]>>[number]): Promise<SettlementUp[]> => {
    if (message.kind === "head") await room.recover(message.records, message.newest);
    if (message.kind === "countersigned") await room.countersigned(message.seq, message.digest, message.signature);
    if (message.kind !== "proposal") return [];
    const answer = await room.answer(message.record, message.evidence);
    if (answer.kind === "signed") {
      counts.signed++;
      // Its slot may have been over before the exchange could be asked for own trades: its meter totals are told all the same.
      const { trade, own } = message.evidence.trade ?? {};
      if (trade && own) store.saveTrades([{ hash: tradeHash(trade), trade, side: own.order.side, record: message.record.seq }]);
      return [answer];
    }
    const key = `${answer.seq} ${answer.code}`;
    if (!said.has(key) && answer.code !== "settlement-journal-behind") {
      counts.disputed++;
      log.warn({ seq: answer.seq, code: answer.code, own: answer.own, reason: answer.message }, "exchange record not signed");
    }
    if (said.size < 1000) said.add(key);
    return [answer];
  };
  const judge = (): void => {
    const hidden = room.hidden();
    if (hidden && !saidHidden) {
      log.error({ code: "settlement-record-hidden", ...hidden }, "the exchange hid a record: nothing is ordered there any more");
      saidHidden = true;
    }
    const missed = missedCountersignatures(room.uncountersigned(), clock.now(), parts.countersignedWithinMs) >= missedToLeave;
    if (missed !== left && !hidden)
      if (missed) log.error({ code: "exchange-countersignature-missing" }, "nothing is ordered until the exchange countersigns");
      else log.info({}, "the exchange has countersigned: orders go on");
    left = missed || hidden !== undefined;
    const sinceMs = store.unsettledSince(clock.now() - parts.settledWithinMs);
    if ((sinceMs === undefined) !== (unsettledMs === undefined))
      if (sinceMs === undefined) log.info({}, "the exchange has settled what was delivered: orders go on");
      else
        log.error(
          { code: "exchange-trades-unsettled", since: iso(sinceMs) },
          "nothing is ordered until delivered trades are settled",
        );
    unsettledMs = sinceMs;
  };
  return {
    async run() {
      // Who does not answer any more has not settled either.
      judge();
      const told = metered();
      // What was signed and not countersigned is asked for again.
      let answers: SettlementUp[] = room
        .uncountersigned()
        .map(({ seq, digest, signature }) => ({ v: 1, kind: "signed", seq, digest, signature }));
      for (let round = 0; round < mostRounds; round++) {
        const messages = await client.settle({ answers, metered: round === 0 ? told : [] });
        if (round === 0) store.told(told.map(({ start }) => Date.parse(start)));
        answers = [];
        for (const message of messages)
          try {
            answers.push(...(await answerTo(message)));
          } catch (error) {
            log.warn({ kind: message.kind, code: errorCode(error), error: errorMessage(error) }, "exchange message refused");
          }
        if (answers.length === 0) break;
      }
      judge();
    },
    hasLeft: () => left,
    unsettledSince: () => unsettledMs,
    counts: () => ({ ...counts }),
  };
}
