import type { AggregatorStore } from "../store/aggregator-store.ts";

/** When what comes round is due. Kept in the database, so that a restart moves nothing. */
export interface Timetable {
  /** The next time, ms; one period from now where it never was, and no later than that. */
  next(nowMs: number): Promise<number>;
  /** That it was done: the next time is so many whole periods after the last one, and not in the past. */
  done(nowMs: number): Promise<void>;
}

/** @param what its name in the database */
export function timetable(store: Pick<AggregatorStore, "due" | "setDue">, what: string, everyMs: number): Timetable {
  return {
    async next(nowMs) {
      const kept = await store.due(what);
      if (kept !== null && kept <= nowMs + everyMs) return kept;
      await store.setDue(what, nowMs + everyMs);
      return nowMs + everyMs;
    },
    async done(nowMs) {
      const kept = (await store.due(what)) ?? nowMs;
      const periods = Math.max(1, Math.floor((nowMs - kept) / everyMs) + 1);
      await store.setDue(what, kept + periods * everyMs);
    },
  };
}
