import type { Db } from "./open-database.ts";

/** A record that this home puts on chain by itself. */
export interface Publication {
  /** Its event cannot be in an earlier block. */
  fromBlock: number;
  /** The newest transaction, as far as somebody named one. */
  tx: string | null;
  /** The chain shows the event. */
  done: boolean;
}

/** What was published, by digest; written before it is sent, so that a crash in between publishes nothing twice. */
export interface PublicationStore {
  of(digest: string): Publication | undefined;
  /** Before each try. The block of the first one stays. */
  begin(digest: string, fromBlock: number, nowMs: number): void;
  sent(digest: string, tx: string): void;
  done(digest: string, tx: string): void;
  /** How many were tried since an instant. */
  triedSince(ms: number): number;
}

/** These in the agent's database. */
export function publicationStore(db: Db): PublicationStore {
  const get = db.prepare<[string], { from_block: number; tx: string | null; is_done: number }>(
    "select from_block, tx, is_done from publication where digest = ?",
  );
  const begin = db.prepare(
    "insert into publication values (?, ?, ?, null, 0) on conflict (digest) do update set tried_ms = excluded.tried_ms",
  );
  const sent = db.prepare("update publication set tx = ? where digest = ?");
  const done = db.prepare("update publication set tx = ?, is_done = 1 where digest = ?");
  const since = db.prepare<[number], { n: number }>("select count(*) as n from publication where tried_ms >= ?");
  return {
    of(digest) {
      const row = get.get(digest);
      return row && { fromBlock: row.from_block, tx: row.tx, done: row.is_done === 1 };
    },
    begin: (digest, fromBlock, nowMs) => void begin.run(digest, fromBlock, nowMs),
    sent: (digest, tx) => void sent.run(tx, digest),
    done: (digest, tx) => void done.run(tx, digest),
    triedSince: (ms) => since.get(ms)?.n ?? 0,
  };
}
