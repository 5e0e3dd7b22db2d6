import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/** A store whose answers are waited for, and how long. */
export interface SlowStore {
  store: AggregatorStore;
  /** How long what homes sent or are to hear has waited for the database, the oldest of it, ms; 0 where nothing waits. */
  waitsMs(): number;
  /** Names a database that does not answer, once, and says when it does again. To be called every few seconds. */
  look(): void;
}

/** A busy database may take some seconds; here people should look at it. */
const slowMs = 10_000;

/** Writes that homes' messages, and messages to homes, wait for. */
export function slowStore(store: AggregatorStore, { clock, log }: { clock: Pick<Clock, "monotonicMs">; log: Log }): SlowStore {
  /** In order of their beginning. */
  const underWay = new Set<{ what: string; sinceMs: number }>();
  let longestMs: number | null = null;
  const watched =
    <Args extends unknown[], Result>(what: string, call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      const one = { what, sinceMs: clock.monotonicMs() };
      underWay.add(one);
      try {
        return await call(...args);
      } finally {
        underWay.delete(one);
      }
    };
  const oldest = (): { what: string; waitsMs: number } | undefined => {
    for (const { what, sinceMs } of underWay) return { what, waitsMs: Math.round(clock.monotonicMs() - sinceMs) };
    return undefined;
  };
  return {
    store: {
      ...store,
      ingest: watched("readings", store.ingest),
      savePlans: watched("plans", store.savePlans),
      saveResource: watched("descriptions", store.saveResource),
      saveStatus: watched("statuses", store.saveStatus),
      answerPlan: watched("answers", store.answerPlan),
    },
    waitsMs: () => oldest()?.waitsMs ?? 0,
    look() {
      const { what, waitsMs } = oldest() ?? { what: "", waitsMs: 0 };
      if (waitsMs < slowMs) {
        if (longestMs !== null) log.info({ waitedMs: longestMs }, "the database answers again");
        longestMs = null;
        return;
      }
      if (longestMs === null)
        log.warn({ what, waitsMs, waiting: underWay.size }, "the database does not answer; homes get no receipts until it does");
      longestMs = waitsMs;
    },
  };
}
