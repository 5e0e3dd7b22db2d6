import type { KyselyConfig } from "kysely";

/** Hears how long each statement took, ms. */
export type OnQuery = (ms: number) => void;

/** Has the query builder tell of each statement, failed ones too. */
export function timed(onQuery: OnQuery | undefined): Pick<KyselyConfig, "log"> {
  return onQuery ? { log: ({ queryDurationMillis }) => onQuery(queryDurationMillis) } : {};
}
