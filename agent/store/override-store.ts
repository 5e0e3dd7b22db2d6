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
  setting_mode: string | null;
  setting_w: number | null;
}

/** These in the agent's database. */
export function overrideStore(db: Db): OverrideStore {
  const get = db.prepare<[], Row>("select * from override order by resource");
  const put = db.prepare(
    "insert or replace into override (resource, mode, from_ms, until_ms, setting_mode, setting_w) values (?, ?, ?, ?, ?, ?)",
  );
  const remove = db.prepare("delete from override where resource = ?");
  return {
    all: () => get.all().map(overrideOf),
    set: ({ resource, mode, fromMs, untilMs, setting }) =>
      void put.run(resource, mode, fromMs, untilMs, setting?.mode ?? null, setting?.powerW ?? null),
    clear: (resource) => void remove.run(resource),
  };
}

function overrideOf({ resource, mode, from_ms: fromMs, until_ms: untilMs, setting_mode, setting_w }: Row): Override {
  return Override.parse({
    resource,
    mode,
    fromMs,
    untilMs,
    ...(setting_mode !== null && { setting: { mode: setting_mode, powerW: setting_w ?? 0 } }),
  });
}
