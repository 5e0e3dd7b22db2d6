import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { TopUpStore } from "../../settlement/chain/top-up.ts";
import type { ExchangeDb } from "./open-exchange-database.ts";

/** A record of the exchange with one participant (owner address). */
export interface ExchangeRecord {
  participant: string;
  record: RecordWire;
  digest: string;
  evidence: Evidence;
  /** Balancing prices of a correction, else null. */
  prices: PriceSeries | null;
  /** disputed: what time does not cure; an operator must look. */
  state: "proposed" | "cosigned" | "disputed";
  participantSignature: string | null;
  ownSignature: string | null;
  /** Epoch that holds it; null before. */
  epoch: number | null;
}

/** What a record is of: a leg, or a side of a slot. */
export type RecordSubject =
  | { leg: { hash: string; side: "buy" | "sell" } }
  | { corrected: { startMs: number; side: "buy" | "sell" } };

/** Records, price series and what goes into escrow. Each call that writes is one transaction. */
export interface ExchangeRecordStore extends TopUpStore {
  newest(participant: string): Promise<ExchangeRecord | null>;
  at(participant: string, seq: number): Promise<ExchangeRecord | null>;
  newestCosigned(participant: string): Promise<ExchangeRecord | null>;
  all(participant: string): Promise<ExchangeRecord[]>;
  /** At most so many from a number on, in order. */
  from(participant: string, seq: number, limit: number): Promise<ExchangeRecord[]>;
  /** Keeps a proposed record, and of what it is. */
  propose(record: ExchangeRecord, subject: RecordSubject): Promise<void>;
  cosign(participant: string, seq: number, participantSignature: string, ownSignature: string): Promise<void>;
  keepSeries(hash: string, series: PriceSeries, span: { startMs: number; endMs: number }): Promise<void>;
  seriesEpoch(hash: string): Promise<number | null>;
  /** When something that comes round is due, ms; 0 before the first time. */
  due(what: string): Promise<number>;
  setDue(what: string, atMs: number): Promise<void>;
}

interface Row {
  participant: string;
  seq: number;
  body: string;
  digest: string;
  evidence: string;
  prices: string;
  state: ExchangeRecord["state"];
  participant_signature: string | null;
  own_signature: string | null;
  epoch: number | null;
}

export function exchangeRecordStore(db: ExchangeDb): ExchangeRecordStore {
  const newest = db.prepare<[string], Row>("select * from record where participant = ? order by seq desc limit 1");
  const one = db.prepare<[string, number], Row>("select * from record where participant = ? and seq = ?");
  const cosignedNewest = db.prepare<[string], Row>(
    "select * from record where participant = ? and state = 'cosigned' order by seq desc limit 1",
  );
  const every = db.prepare<[string], Row>("select * from record where participant = ? order by seq");
  const since = db.prepare<[string, number, number], Row>(
    "select * from record where participant = ? and seq >= ? order by seq limit ?",
  );
  const insert = db.prepare(
    `insert into record (participant, seq, body, digest, evidence, prices, state) values (?, ?, ?, ?, ?, ?, 'proposed')`,
  );
  const setLeg = db.prepare<[number, string, string]>("update leg set seq = ? where hash = ? and side = ? and seq is null");
  const addCorrection = db.prepare("insert into correction (participant, start_ms, side, seq) values (?, ?, ?, ?)");
  const cosign = db.prepare(
    "update record set state = 'cosigned', participant_signature = ?, own_signature = ? where participant = ? and seq = ?",
  );
  const addSeries = db.prepare("insert or ignore into series (hash, start_ms, end_ms, body) values (?, ?, ?, ?)");
  const seriesAt = db.prepare<[string], { epoch: number | null }>("select epoch from series where hash = ?");
  const addTopUp = db.prepare<[string, string, number]>("insert into top_up (participant, micro, at_ms) values (?, ?, ?)");
  const topUps = db.prepare<[number], { micro: string }>("select micro from top_up where at_ms >= ?");
  const dueAt = db.prepare<[string], { at_ms: number }>("select at_ms from due where what = ?");
  const putDue = db.prepare("insert or replace into due (what, at_ms) values (?, ?)");
  const durably = <T>(work: () => T): Promise<T> => new Promise((resolve) => resolve(db.transaction(work)()));
  return {
    newestRecord: (participant) => durably(() => recordOr(newest.get(participant))),
    addTopUp: (participant, micro, atMs) => durably(() => void addTopUp.run(participant, String(micro), atMs)),
    toppedUpSince: (ms) => durably(() => topUps.all(ms).reduce((sum, { micro }) => sum + BigInt(micro), 0n)),
    newest: (participant) => durably(() => recordOr(newest.get(participant))),
    at: (participant, seq) => durably(() => recordOr(one.get(participant, seq))),
    newestCosigned: (participant) => durably(() => recordOr(cosignedNewest.get(participant))),
    all: (participant) => durably(() => every.all(participant).map(recordOf)),
    from: (participant, seq, limit) => durably(() => since.all(participant, seq, limit).map(recordOf)),
    propose: ({ participant, record, digest, evidence, prices }, subject) =>
      durably(() => {
        const texts = [record, evidence, prices].map((value) => JSON.stringify(value));
        insert.run(participant, record.seq, texts[0], digest, texts[1], texts[2]);
        if ("leg" in subject) setLeg.run(record.seq, subject.leg.hash, subject.leg.side);
        else addCorrection.run(participant, subject.corrected.startMs, subject.corrected.side, record.seq);
      }),
    cosign: (participant, seq, theirs, own) => durably(() => void cosign.run(theirs, own, participant, seq)),
    keepSeries: (hash, series, { startMs, endMs }) =>
      durably(() => void addSeries.run(hash, startMs, endMs, JSON.stringify(series))),
    seriesEpoch: (hash) => durably(() => seriesAt.get(hash)?.epoch ?? null),
    due: (what) => durably(() => dueAt.get(what)?.at_ms ?? 0),
    setDue: (what, atMs) => durably(() => void putDue.run(what, atMs)),
  };
}

const recordOr = (row: Row | undefined): ExchangeRecord | null => (row ? recordOf(row) : null);

const recordOf = (row: Row): ExchangeRecord => ({
  participant: row.participant,
  record: JSON.parse(row.body) as RecordWire,
  digest: row.digest,
  evidence: JSON.parse(row.evidence) as Evidence,
  prices: JSON.parse(row.prices) as PriceSeries | null,
  state: row.state,
  participantSignature: row.participant_signature,
  ownSignature: row.own_signature,
  epoch: row.epoch,
});
