import { errorCode } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import {
  type CosignedRecord,
  type Evidence,
  mostHeads,
  type SettlementDown,
  type SettlementUp,
} from "../../core/message/settlement-message.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import { composeRecord } from "../../settlement/record/compose-record.ts";
import { signNewest } from "../../settlement/record/newest-statement.ts";
import { recordDigest, signerOf, signRecord, zeroHash } from "../../settlement/record/record.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import type { TypedDataSigner } from "../../settlement/record/signature.ts";
import type { ExchangeDisputeStore } from "../store/exchange-dispute-store.ts";
import type { ExchangeRecord, ExchangeRecordStore, RecordSubject } from "../store/exchange-record-store.ts";
import type { ExchangeStore } from "../store/exchange-store.ts";
import { openDeviations } from "./open-deviations.ts";
import type { Participants } from "./standings.ts";

/** The exchange between buyer and seller: a record with each of them for each trade, and for what was not done of it. */
export interface ClearingHouse {
  /** Takes a participant's answers; gives what it is to be told, with the record that is next. One at a time for each. */
  talk(participant: string, answers: readonly SettlementUp[]): Promise<SettlementDown[]>;
  /** Records in each state. */
  counts(): Promise<{ proposed: number; cosigned: number; disputed: number }>;
}

/** What time may cure: the same record is proposed again. */
const curable = new Set([
  "settlement-energy-missing",
  "settlement-escrow-short",
  "settlement-daily-cap",
  "settlement-countersignature-missing",
  "settlement-party-not-valid",
  "settlement-no-price",
  "chain-unreachable",
]);
const escrowShort = "settlement-escrow-short";
const journalBehind = "settlement-journal-behind";

export function clearingHouse(parts: {
  participants: Participants;
  signer: TypedDataSigner;
  chain: Pick<ChainReader, "partyOf">;
  store: ExchangeStore;
  records: ExchangeRecordStore;
  disputes: Pick<ExchangeDisputeStore, "dispute">;
  /** Hears that a participant does not sign because the exchange's own escrow is short. */
  onEscrowShort?: (participant: string) => void;
  balancing: readonly PriceSeries[];
  /** 32 random bytes in hex. */
  salt: () => string;
  clock: Pick<Clock, "now">;
  log: Log;
}): ClearingHouse {
  const { participants, store, records, clock, log } = parts;
  const queues = new Map<string, Promise<unknown>>();
  const nextOpenDeviation = openDeviations(parts);
  const compose = async (
    participant: string,
    agreement: Agreement,
    given: { kind: "trade" | "correction"; start: string; end: string; evidence: Evidence; series: PriceSeries | null },
    subject: RecordSubject,
  ): Promise<ExchangeRecord> => {
    const previous = (await records.newest(participant))?.record ?? null;
    const time = iso(Math.floor(clock.now() / 1000) * 1000);
    const record = composeRecord({ ...given, agreement, previous, salt: parts.salt(), time });
    const made: ExchangeRecord = {
      participant,
      record,
      digest: recordDigest(domainOf(agreement), record),
      evidence: given.evidence,
      prices: given.series,
      state: "proposed",
      participantSignature: null,
      ownSignature: null,
      epoch: null,
    };
    await records.propose(made, subject);
    return made;
  };
  const nextTrade = async (participant: string, agreement: Agreement): Promise<ExchangeRecord | null> => {
    const leg = await store.nextOpenLeg(participant, clock.now());
    if (!leg) return null;
    const [trade, own] = [await store.trade(leg.hash), await store.signedOrder(leg.orderHash)];
    if (!trade || !own) return null;
    const evidence: Evidence = { register: "none", slots: [], trade: { trade, own } };
    const { start, end } = trade;
    const { hash, side } = leg;
    return compose(participant, agreement, { kind: "trade", start, end, evidence, series: null }, { leg: { hash, side } });
  };
  const nextCorrection = async (participant: string, agreement: Agreement): Promise<ExchangeRecord | null> => {
    const open = await nextOpenDeviation(participant);
    if (!open) return null;
    const { found, series } = open;
    const { startMs, endMs, ...rest } = found;
    const [start, end] = [iso(startMs), iso(endMs)];
    const evidence: Evidence = { register: "none", slots: [], deviation: { start, end, ...rest } };
    const subject = { corrected: { startMs, side: found.side } };
    return compose(participant, agreement, { kind: "correction", start, end, evidence, series }, subject);
  };
  const advance = async (participant: string, agreement: Agreement): Promise<SettlementDown[]> => {
    const newest = await records.newest(participant);
    if (newest?.state === "disputed") return [];
    if (newest?.state === "proposed") return [{ kind: "proposal", record: newest.record, evidence: newest.evidence }];
    const next = (await nextTrade(participant, agreement)) ?? (await nextCorrection(participant, agreement));
    return next ? [{ kind: "proposal", record: next.record, evidence: next.evidence }] : [];
  };
  const signed = async (
    participant: string,
    agreement: Agreement,
    { seq, digest, signature }: Extract<SettlementUp, { kind: "signed" }>,
  ): Promise<SettlementDown[]> => {
    const stored = await records.at(participant, seq);
    if (!stored || stored.digest !== digest) {
      log.warn({ participant, seq }, "signature for a record that was not proposed");
      return [];
    }
    if (stored.ownSignature) return [{ kind: "countersigned", seq, digest, signature: stored.ownSignature }];
    if (stored.state !== "proposed") return [];
    const domain = domainOf(agreement);
    const { signer } = await parts.chain.partyOf(participant);
    const by = signerOrNobody(() => signerOf(domain, stored.record, signature));
    if (by !== signer) {
      log.warn({ participant, seq, by, registered: signer }, "record signed by a foreign key");
      return [];
    }
    const ownSignature = await signRecord(parts.signer, domain, stored.record);
    await records.cosign(participant, seq, signature, ownSignature);
    return [{ kind: "countersigned", seq, digest, signature: ownSignature }];
  };
  const disputed = async (
    participant: string,
    agreement: Agreement,
    { seq, digest, code, message, own }: Extract<SettlementUp, { kind: "disputed" }>,
  ): Promise<SettlementDown[]> => {
    const stored = await records.at(participant, seq);
    if (stored?.state !== "proposed" || stored.digest !== digest) return [];
    if (code === journalBehind) {
      const last = await records.newestCosigned(participant);
      const said = { seq: last?.record.seq ?? 0, digest: last?.digest ?? zeroHash, time: Math.floor(clock.now() / 1000) };
      const newest = await signNewest(parts.signer, domainOf(agreement), stored.record, said);
      const from = await records.from(participant, own.from ?? 1, mostHeads);
      return [{ kind: "head", records: from.flatMap(cosigned), newest }];
    }
    if (code === escrowShort) parts.onEscrowShort?.(participant);
    if (curable.has(code)) {
      log.info({ participant, seq, code, reason: message }, "participant cannot sign yet, proposed again later");
      return [];
    }
    await parts.disputes.dispute(participant, seq, { code, message, own, atMs: clock.now() });
    log.error(
      { participant, seq, code, reason: message, own },
      "participant disputes a record, its settlement is held: smart-mla market exchange disputes list",
    );
    return [];
  };
  const talk = async (participant: string, answers: readonly SettlementUp[]): Promise<SettlementDown[]> => {
    const agreement = participants.get(participant)?.agreement;
    if (!agreement) return [];
    const messages: SettlementDown[] = [];
    let isWaiting = false;
    for (const answer of answers) {
      if (answer.kind === "signed") messages.push(...(await signed(participant, agreement, answer)));
      else if (answer.kind === "disputed") {
        messages.push(...(await disputed(participant, agreement, answer)));
        // What time has to cure is not asked again at once.
        isWaiting ||= answer.code !== journalBehind;
      }
    }
    return isWaiting ? messages : [...messages, ...(await advance(participant, agreement))];
  };
  return {
    talk(participant, answers) {
      const turn = (queues.get(participant) ?? Promise.resolve()).then(() => talk(participant, answers));
      queues.set(
        participant,
        turn.catch(() => undefined),
      );
      return turn;
    },
    async counts() {
      const counts = { proposed: 0, cosigned: 0, disputed: 0 };
      for (const participant of participants.keys()) for (const { state } of await records.all(participant)) counts[state]++;
      return counts;
    },
  };
}

function cosigned({ record, evidence, participantSignature, ownSignature }: ExchangeRecord): CosignedRecord[] {
  if (participantSignature === null || ownSignature === null) return [];
  return [{ record, evidence, gatewaySignature: participantSignature, aggregatorSignature: ownSignature }];
}

function signerOrNobody(recover: () => string): string {
  try {
    return recover();
  } catch (error) {
    return errorCode(error);
  }
}
