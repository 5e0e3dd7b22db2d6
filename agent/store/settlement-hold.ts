import type { Db } from "./open-database.ts";

/** Why nothing is signed until the newest record is found again. */
export interface SettlementHold {
  reason: string;
  sinceMs: number;
}

/** From now on nothing is signed, with nobody. An earlier reason stays. */
export function hold(db: Db, reason: string, nowMs: number): void {
  db.prepare("insert or ignore into settlement_hold (id, reason, since_ms) values (1, ?, ?)").run(reason, nowMs);
  db.prepare("delete from exchange_pair").run();
}

/**
 * Holds in a database in which no agent has ever run. The key may have signed before it was made (a new card, a lost file),
 * and a second record with a number of then must never be signed.
 */
export function holdIfNew(db: Db, nowMs: number): void {
  if (db.prepare("select 1 from boot limit 1").get() === undefined) hold(db, "the database is new", nowMs);
}

/** What the signing room asks and lifts. */
export interface HoldStore {
  held(): SettlementHold | null;
  lift(): void;
}

/** The hold in the agent's database. */
export function holdStore(db: Db): HoldStore {
  const get = db.prepare<[], { reason: string; since_ms: number }>("select reason, since_ms from settlement_hold");
  const drop = db.prepare("delete from settlement_hold");
  return {
    held() {
      const row = get.get();
      return row ? { reason: row.reason, sinceMs: row.since_ms } : null;
    },
    lift: () => void drop.run(),
  };
}
