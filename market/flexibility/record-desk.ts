import { iso } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { UftpMessage } from "../../core/message/uftp.ts";
import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import { composeRecord } from "../../settlement/record/compose-record.ts";
import { orderEvidence, settleOrder } from "../../settlement/record/flex-order.ts";
import type { SignedGridAgreement } from "../../settlement/record/grid-agreement.ts";
import { recordDigest, signerOf, signRecord } from "../../settlement/record/record.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import type { TypedDataSigner } from "../../settlement/record/signature.ts";
import type { MarketRecord, MarketRecordStore } from "../store/market-record-store.ts";
import type { FlexOperator } from "./flex-operator.ts";
import { slotsOf } from "./period.ts";
import { prognosisOf } from "./session.ts";

/** Turns settlements that both agreed on into records that both sign. */
export interface RecordDesk {
  /** Proposes what is next to each participant, and again what has no answer. */
  advance(): Promise<void>;
  /** Takes an aggregator's signature or objection. */
  answer(message: Extract<UftpMessage, { Message: "SettlementAnswer" }>): Promise<void>;
  /** Whether all agreed orders of a session have their records: until then it stays open. */
  isDone(operator: FlexOperator): Promise<boolean>;
  /** Waits until all is done that was begun. */
  idle(): Promise<void>;
}

/** What time may cure: the same record is proposed again. */
const curable = new Set([
  "settlement-energy-missing",
  "settlement-escrow-short",
  "settlement-countersignature-missing",
  "chain-unreachable",
]);
/** A proposal without an answer for so long is sent again. */
const resendMs = 120_000;

export function recordDesk(options: {
  domain: string;
  /** Contracts by the domains of their aggregators. */
  agreements: ReadonlyMap<string, SignedGridAgreement>;
  signer: TypedDataSigner;
  chain: Pick<ChainReader, "partyOf">;
  store: MarketRecordStore;
  sessions: () => ReadonlyMap<string, FlexOperator>;
  send: (messages: readonly UftpMessage[]) => void;
  /** 32 random bytes in hex. */
  salt: () => string;
  uuid: () => string;
  now: () => number;
  log: Log;
}): RecordDesk {
  const { domain, agreements, store, send, uuid, now, log } = options;
  const sentMs = new Map<string, number>();
  /** Participants that were told a countersignature since the start. */
  const told = new Set<string>();
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const headTo = (participant: string) => ({
    Version: "3.0.0" as const,
    SenderDomain: domain,
    RecipientDomain: participant,
    TimeStamp: iso(now()),
    MessageID: uuid(),
    ConversationID: uuid(),
  });
  const propose = ({ participant, record, evidence }: MarketRecord): void => {
    sentMs.set(participant, now());
    send([{ Message: "SettlementProposal", ...headTo(participant), Record: record, Evidence: evidence }]);
  };
  const countersign = ({ participant, record, digest, ownSignature }: MarketRecord, conversation = uuid()): void => {
    if (ownSignature === null) return;
    told.add(participant);
    send([
      {
        Message: "SettlementCountersignature",
        ...headTo(participant),
        ConversationID: conversation,
        Seq: record.seq,
        Digest: digest,
        Signature: ownSignature,
      },
    ]);
  };
  /** Orders of a participant that are agreed on, the oldest day first. */
  const agreedOrders = (participant: string) =>
    [...options.sessions()]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([, operator]) => {
        const session = operator.session();
        return session.terms.seats.flatMap((seat, index) => {
          const { order, meteredWh, settled } = session.seats[index] ?? {};
          if (seat.participant !== participant || settled !== "agreed" || !order || !meteredWh) return [];
          return [{ period: operator.period, session, seat, index, order, meteredWh }];
        });
      });
  const next = async (participant: string): Promise<MarketRecord | null> => {
    const agreement = agreements.get(participant)?.agreement;
    if (!agreement) return null;
    for (const { period, session, seat, index, order, meteredWh } of agreedOrders(participant)) {
      if (await store.hasOrder(order.offer)) continue;
      const { hours, penalty } = session.terms;
      const settlement = settleOrder(order, { baselineW: prognosisOf(session, index), meteredWh, hours, penalty });
      const day = slotsOf(period);
      const evidence = {
        register: "none" as const,
        slots: [],
        order: orderEvidence({ ...order, point: seat.point, penaltyPerKwh: penalty }, settlement, day),
      };
      const record = composeRecord({
        kind: "flexibility",
        start: iso(day[0]?.startMs ?? 0),
        end: iso(day.at(-1)?.endMs ?? 0),
        agreement,
        previous: (await store.newest(participant))?.record ?? null,
        evidence,
        series: null,
        salt: options.salt(),
        time: iso(Math.floor(now() / 1000) * 1000),
      });
      const made: MarketRecord = {
        participant,
        order: order.offer,
        record,
        digest: recordDigest(domainOf(agreement), record),
        evidence,
        state: "proposed",
        theirSignature: null,
        ownSignature: null,
      };
      await store.add(made);
      return made;
    }
    return null;
  };
  const advanceOne = async (participant: string): Promise<void> => {
    const newest = await store.newest(participant);
    if (newest?.state === "disputed") return;
    if (newest?.state === "proposed") {
      if (now() - (sentMs.get(participant) ?? -Infinity) >= resendMs) propose(newest);
      return;
    }
    // When the process ended it may not have been said yet.
    if (newest && !told.has(participant)) countersign(newest);
    const made = await next(participant);
    if (made) propose(made);
  };
  const quietly = (participant: string, work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) =>
      log.error(
        { participant, code: errorCode(error), error: errorMessage(error) },
        "an agreed order makes no record yet, tried again later",
      ),
    );
  const advanceAll = async (): Promise<void> => {
    for (const participant of agreements.keys()) await quietly(participant, advanceOne(participant));
  };
  const signed = async (stored: MarketRecord, signature: string, conversation: string): Promise<void> => {
    const { participant, record } = stored;
    const agreement = agreements.get(participant)?.agreement;
    if (!agreement) return;
    if (stored.ownSignature !== null) return countersign(stored, conversation);
    const { signer } = await options.chain.partyOf(agreement.aggregator);
    const by = signerOrCode(() => signerOf(domainOf(agreement), record, signature));
    if (by !== signer)
      return log.warn({ participant, seq: record.seq, by, registered: signer }, "record signed by a foreign key");
    const own = await signRecord(options.signer, domainOf(agreement), record);
    await store.cosign(participant, record.seq, signature, own);
    log.info({ participant, seq: record.seq, amount: record.amount, payer: record.payer }, "order settled, signed by both");
    countersign({ ...stored, ownSignature: own }, conversation);
  };
  return {
    advance: () => inTurn(advanceAll),
    answer: (message) =>
      inTurn(async () => {
        const { SenderDomain: participant, Seq: seq, Digest: digest, Signature: signature, Objection: objection } = message;
        const stored = await store.at(participant, seq);
        if (stored?.digest !== digest) return log.warn({ participant, seq }, "answer to a record that was not proposed");
        if (signature !== undefined) {
          await signed(stored, signature, message.ConversationID);
          return quietly(participant, advanceOne(participant));
        }
        if (stored.state !== "proposed" || !objection) return undefined;
        const { Code: code, Reason: reason } = objection;
        const before = code === "settlement-countersignature-missing" ? await store.at(participant, seq - 1) : null;
        if (before) countersign(before);
        if (curable.has(code))
          return log.info({ participant, seq, code, reason }, "aggregator cannot sign yet, proposed again later");
        await store.dispute(participant, seq);
        return log.error({ participant, seq, code, reason }, "aggregator disputes a record, its settlement is held");
      }),
    async isDone(operator) {
      const { terms, seats } = operator.session();
      for (const [index, { participant }] of terms.seats.entries()) {
        const { order, settled } = seats[index] ?? {};
        if (order && settled === "agreed" && agreements.has(participant) && !(await store.hasOrder(order.offer))) return false;
      }
      return true;
    },
    idle: () => inTurn(async () => undefined),
  };
}

function signerOrCode(recover: () => string): string {
  try {
    return recover();
  } catch (error) {
    return errorCode(error);
  }
}
