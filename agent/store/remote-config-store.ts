import type { Db } from "./open-database.ts";

/** What the aggregator wants the gateway to run by, and how that stands; one JSON document. */
export interface RemoteConfigStore {
  /** Undefined before the first. */
  kept(): string | undefined;
  keep(body: string): void;
}

/** The same in the agent's database. */
export function remoteConfigStore(db: Db): RemoteConfigStore {
  return {
    kept: () => db.prepare<[], { body: string }>("select body from remote_config where id = 1").get()?.body,
    keep: (body) =>
      void db.prepare("insert into remote_config values (1, ?) on conflict (id) do update set body = excluded.body").run(body),
  };
}
