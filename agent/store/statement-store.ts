import type { CosignedRecord, NewestStatement } from "../../core/message/settlement-message.ts";
import type { Db } from "./open-database.ts";

/** What others signed of which record is their newest, and what proved that they had hidden one; by pair ("a-b"). */
export interface StatementStore {
  keep(pair: string, statement: NewestStatement, nowMs: number): void;
  /** By when they were kept. */
  all(pair: string): KeptStatement[];
  /**
   * Notes that there are two records with a number. Whoever signed before that its newest has a lower one has hidden it:
   * false where nobody did.
   * @param proof the other record, where it came with both signatures
   */
  accuse(pair: string, found: { seq: number; digest: string }, proof: CosignedRecord | null): boolean;
  /** The first record that was found to be hidden; undefined where none was. */
  hidden(pair: string): { seq: number; digest: string } | undefined;
}

/** A statement, and what proves that it was false. */
export interface KeptStatement extends NewestStatement {
  keptMs: number;
  hidden: { seq: number; digest: string; proof: CosignedRecord | null } | null;
}

interface Row {
  seq: number;
  digest: string;
  said_s: number;
  signature: string;
  kept_ms: number;
  hidden_seq: number | null;
  hidden_digest: string | null;
  proof: string | null;
}

/** These in the agent's database. */
export function statementStore(db: Db): StatementStore {
  const insert = db.prepare(
    "insert or ignore into newest_statement (pair, seq, digest, said_s, signature, kept_ms) values (?, ?, ?, ?, ?, ?)",
  );
  const every = db.prepare<[string], Row>("select * from newest_statement where pair = ? order by kept_ms, seq");
  const accuse = db.prepare(
    `update newest_statement set hidden_seq = @seq, hidden_digest = @digest, proof = coalesce(@proof, proof)
     where pair = @pair and seq < @seq and (hidden_seq is null or proof is null)`,
  );
  const below = db.prepare<[string, number], { n: number }>(
    "select count(*) as n from newest_statement where pair = ? and seq < ?",
  );
  const first = db.prepare<[string], { seq: number; digest: string }>(
    `select hidden_seq as seq, hidden_digest as digest from newest_statement
     where pair = ? and hidden_seq is not null order by kept_ms limit 1`,
  );
  return {
    keep: (pair, { seq, digest, time, signature }, nowMs) => void insert.run(pair, seq, digest, time, signature, nowMs),
    all: (pair) =>
      every.all(pair).map((row) => ({
        seq: row.seq,
        digest: row.digest,
        time: row.said_s,
        signature: row.signature,
        keptMs: row.kept_ms,
        hidden:
          row.hidden_seq === null || row.hidden_digest === null
            ? null
            : {
                seq: row.hidden_seq,
                digest: row.hidden_digest,
                proof: row.proof === null ? null : (JSON.parse(row.proof) as CosignedRecord),
              },
      })),
    accuse(pair, { seq, digest }, proof) {
      accuse.run({ pair, seq, digest, proof: proof && JSON.stringify(proof) });
      return (below.get(pair, seq)?.n ?? 0) > 0;
    },
    hidden: (pair) => first.get(pair),
  };
}
