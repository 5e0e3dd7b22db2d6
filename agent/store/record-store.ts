import { iso } from "../../core/clock/clock.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { Db } from "./open-database.ts";

/** A record this home signs. The row is written before the signature is made: there is never a second body for one seq. */
export interface SignedRecord {
  record: RecordWire;
  digest: string;
  evidence: Evidence;
  /** Null between the journal entry and the signature. */
  ownSignature: string | null;
  /** The other side's signature; null until it came back. */
  otherSignature: string | null;
}

/** Journal of signed records, by pair ("a-b", addresses) and seq. */
export interface RecordStore {
  /** The record of a pair with the highest seq. */
  newest(pair: string): SignedRecord | undefined;
  at(pair: string, seq: number): SignedRecord | undefined;
  /** All records of a pair whose service period touches [from, to). */
  touching(pair: string, fromMs: number, toMs: number): SignedRecord[];
  /** @throws SqliteError when a record with that seq is there */
  add(pair: string, record: Omit<SignedRecord, "ownSignature" | "otherSignature">, nowMs: number): void;
  /** Keeps the own signature. */
  signed(pair: string, seq: number, signature: string): void;
  /** Keeps the other side's signature. */
  countersigned(pair: string, seq: number, signature: string, nowMs: number): void;
  /** The record with the highest seq that both have signed. */
  newestCosigned(pair: string): SignedRecord | undefined;
  /** Number up to which all records from the first on are here with both signatures; 0 for none. */
  cosignedUpTo(pair: string): number;
  /** The newest of each register that both have signed. */
  newestOfEach(pair: string): SignedRecord[];
  /** Service periods of a register that both have signed and that end after an instant; of the newest few thousand records. */
  cosignedPeriods(pair: string, register: Evidence["register"], fromMs: number): { startMs: number; endMs: number }[];
  /** What was signed here after that and is not countersigned, by seq; instants in ms. */
  uncountersigned(pair: string): Uncountersigned[];
  /** Sum of what a payer came to owe by records of all pairs that were journalled from an instant on, micro-units; recovered ones count by their own time. */
  owedSince(payer: string, sinceMs: number): bigint;
  /** A record of the past with both signatures, for a journal that lost it. Nothing where that seq is there. */
  recover(pair: string, record: SignedRecord, nowMs: number): void;
  /** Registers whose newest record here ends at an instant, where the journal lacks records before it; else none. */
  lostBefore(pair: string): { register: Evidence["register"]; endMs: number }[];
  counts(): { signed: number; countersigned: number };
}

/** A record that waits for the other side's signature. */
export interface Uncountersigned {
  seq: number;
  digest: string;
  signature: string;
  /** Service period. */
  startMs: number;
  endMs: number;
  /** When it was journalled here. */
  signedMs: number;
}

interface Row {
  digest: string;
  body: string;
  evidence: string;
  own_signature: string | null;
  other_signature: string | null;
}

/** The journal in the agent's database. */
export function recordStore(db: Db): RecordStore {
  const newest = db.prepare<[string], Row>("select * from record where pair = ? order by seq desc limit 1");
  const one = db.prepare<[string, number], Row>("select * from record where pair = ? and seq = ?");
  const touching = db.prepare<[string, string, string], Row>(
    "select * from record where pair = ? and body ->> 'start' < ? and body ->> 'end' > ? order by seq",
  );
  const insert = db.prepare("insert into record (pair, seq, digest, body, evidence, signed_ms) values (?, ?, ?, ?, ?, ?)");
  const since = db.prepare<[number, string], { amount: string }>(
    "select body ->> 'amount' as amount from record where signed_ms >= ? and body ->> 'payer' = ?",
  );
  const sign = db.prepare("update record set own_signature = ? where pair = ? and seq = ?");
  const counter = db.prepare("update record set other_signature = ? where pair = ? and seq = ?");
  const cosignedAt = db.prepare(
    "insert or ignore into cosigned select digest, ? from record where pair = ? and seq = ? and other_signature is not null",
  );
  const recover = db.prepare(
    `insert or ignore into record (pair, seq, digest, body, evidence, own_signature, other_signature, signed_ms)
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const cosigned = db.prepare<[string], Row>(
    "select * from record where pair = ? and own_signature is not null and other_signature is not null order by seq desc limit 1",
  );
  const upTo = db.prepare<[string], { n: number }>(
    `with good as (select seq from record where pair = ? and own_signature is not null and other_signature is not null)
     select case when exists (select 1 from good where seq = 1)
       then (select min(seq) from good as last where not exists (select 1 from good where seq = last.seq + 1)) else 0 end as n`,
  );
  const ofEach = db.prepare<[string, string], Row>(
    `select * from record where pair = ? and seq in (
       select max(seq) from record where pair = ? and own_signature is not null and other_signature is not null
       group by evidence ->> 'register') order by seq`,
  );
  const periods = db.prepare<[string, Evidence["register"], string], { start: string; end: string }>(
    `select body ->> 'start' as start, body ->> 'end' as end from
       (select * from record where pair = ? and own_signature is not null and other_signature is not null order by seq desc limit 3000)
     where evidence ->> 'register' = ? and body ->> 'end' > ?`,
  );
  const waiting = db.prepare<[string, string], Row & { seq: number; start: string; end: string; signed_ms: number }>(
    `select *, body ->> 'start' as start, body ->> 'end' as end from record
     where pair = ? and own_signature is not null and other_signature is null
       and seq > coalesce((select max(seq) from record where pair = ? and other_signature is not null), 0)
     order by seq`,
  );
  const extent = db.prepare<[string], { n: number; top: number | null }>(
    "select count(*) as n, max(seq) as top from record where pair = ?",
  );
  const ends = db.prepare<[string], { register: Evidence["register"]; end: string }>(
    "select evidence ->> 'register' as register, max(body ->> 'end') as end from record where pair = ? group by 1",
  );
  const counts = db.prepare<[], { signed: number; countersigned: number }>(
    "select count(own_signature) as signed, count(other_signature) as countersigned from record",
  );
  const fromRow = (row: Row): SignedRecord => ({
    record: JSON.parse(row.body) as RecordWire,
    digest: row.digest,
    evidence: JSON.parse(row.evidence) as Evidence,
    ownSignature: row.own_signature,
    otherSignature: row.other_signature,
  });
  const maybe = (row: Row | undefined): SignedRecord | undefined => row && fromRow(row);
  return {
    newest: (pair) => maybe(newest.get(pair)),
    at: (pair, seq) => maybe(one.get(pair, seq)),
    touching: (pair, fromMs, toMs) => touching.all(pair, iso(toMs), iso(fromMs)).map(fromRow),
    add: (pair, { record, digest, evidence }, nowMs) =>
      void insert.run(pair, record.seq, digest, JSON.stringify(record), JSON.stringify(evidence), nowMs),
    owedSince: (payer, sinceMs) => since.all(sinceMs, payer).reduce((sum, { amount }) => sum + BigInt(amount), 0n),
    signed: (pair, seq, signature) => void sign.run(signature, pair, seq),
    countersigned: db.transaction((pair: string, seq: number, signature: string, nowMs: number) => {
      counter.run(signature, pair, seq);
      cosignedAt.run(nowMs, pair, seq);
    }),
    newestCosigned: (pair) => maybe(cosigned.get(pair)),
    cosignedUpTo: (pair) => upTo.get(pair)?.n ?? 0,
    newestOfEach: (pair) => ofEach.all(pair, pair).map(fromRow),
    cosignedPeriods: (pair, register, fromMs) =>
      periods.all(pair, register, iso(fromMs)).map(({ start, end }) => ({ startMs: Date.parse(start), endMs: Date.parse(end) })),
    uncountersigned: (pair) =>
      waiting.all(pair, pair).map((row) => ({
        seq: row.seq,
        digest: row.digest,
        signature: row.own_signature ?? "",
        startMs: Date.parse(row.start),
        endMs: Date.parse(row.end),
        signedMs: row.signed_ms,
      })),
    recover: (pair, { record, digest, evidence, ownSignature, otherSignature }, nowMs) =>
      void recover.run(
        pair,
        record.seq,
        digest,
        JSON.stringify(record),
        JSON.stringify(evidence),
        ownSignature,
        otherSignature,
        nowMs,
      ),
    lostBefore(pair) {
      const { n, top } = extent.get(pair) ?? { n: 0, top: null };
      return n === (top ?? 0) ? [] : ends.all(pair).map(({ register, end }) => ({ register, endMs: Date.parse(end) }));
    },
    counts: () => counts.get() ?? { signed: 0, countersigned: 0 },
  };
}
