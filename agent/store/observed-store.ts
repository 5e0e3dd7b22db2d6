import type { Db } from "./open-database.ts";

/** What a sensor said at the end of a slot. */
export interface ObservedSlot {
  startMs: number;
  endMs: number;
  value: number;
}

/** What sensors of stores said, slot by slot: what people took is worked out from it. */
export interface ObservedStore {
  /** The first word about a slot counts. */
  add(name: string, slot: ObservedSlot): void;
  /** Slots that start in [from, to), oldest first. */
  read(name: string, fromMs: number, toMs: number): ObservedSlot[];
  /** Drops what ended before. */
  forget(beforeMs: number): void;
}

/** These in the agent's database. */
export function observedStore(db: Db): ObservedStore {
  const insert = db.prepare("insert or ignore into observed_slot values (?, ?, ?, ?)");
  const select = db.prepare<[string, number, number], ObservedSlot>(
    `select start_ms as startMs, end_ms as endMs, value from observed_slot
     where name = ? and start_ms >= ? and start_ms < ? order by start_ms`,
  );
  const drop = db.prepare("delete from observed_slot where end_ms < ?");
  return {
    add: (name, { startMs, endMs, value }) => void insert.run(name, startMs, endMs, value),
    read: (name, fromMs, toMs) => select.all(name, fromMs, toMs),
    forget: (beforeMs) => void drop.run(beforeMs),
  };
}
