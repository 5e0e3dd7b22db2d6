import { Override } from "../plan/override.ts";
import type { Db } from "./open-database.ts";

/** What the resident said of each appliance; it outlives a restart. */
export interface OverrideStore {
  /** The newest word on each appliance, also where its time is over. */
  all(): Override[];
  /** Replaces what was said of that appliance before. */
  set(override: Override): void;
  clear(resource: string): void;
}

interface Row {
  resource: string;
  mode: string;
  from_ms: number;
  until_ms: number;
}

/** These in the agent's database. */
export function overrideStore(db: Db): OverrideStore {
  const get = db.prepare<[], Row>("select * from override order by resource");
  const put = db.prepare("insert or replace into override (resource, mode, from_ms, until_ms) values (?, ?, ?, ?)");
  const remove = db.prepare("delete from override where resource = ?");
  return {
    all: () =>
      get
        .all()
        .map((row) => Override.parse({ resource: row.resource, mode: row.mode, fromMs: row.from_ms, untilMs: row.until_ms })),
    set: ({ resource, mode, fromMs, untilMs }) => void put.run(resource, mode, fromMs, untilMs),
    clear: (resource) => void remove.run(resource),
  };
}
