import { iso } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { curtailmentRecord } from "../../planner/community/fair-share.ts";
import type { CommunityResult } from "../../planner/community/community-result.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

const dayMs = 24 * 3_600_000;
/** What was given up longer ago counts for nothing. */
const memoryDays = 28;

/** What limits cost the homes: told, kept, and minded the next time. */
export interface LimitLedger {
  /** What each home had to give up in the weeks before, Wh: what is older counts less. */
  before(nowMs: number): Promise<ReadonlyMap<string, number>>;
  /** Tells and keeps what a plan could not meet; the same shortfall only once. */
  note(
    result: Pick<CommunityResult<unknown>, "feeders" | "curtailed">,
    slots: readonly PricedSlot[],
    nowMs: number,
  ): Promise<void>;
}

/** What each home had to give up in the weeks before today, Wh: what is older counts less. */
export async function givenUpBefore(store: Pick<AggregatorStore, "curtailments">, nowMs: number): Promise<Map<string, number>> {
  const today = dayOf(nowMs);
  const byDay = Map.groupBy(await store.curtailments(nowMs - memoryDays * dayMs), (one) => one.dayMs);
  let record = new Map<string, number>();
  // Today is not over: what its plans name may still be given.
  for (let day = today - memoryDays * dayMs; day < today; day += dayMs)
    record = curtailmentRecord(record, new Map((byDay.get(day) ?? []).map(({ site, wh }) => [site, wh])));
  return record;
}

/** The same in the store and the log. */
export function limitLedger(store: AggregatorStore, log: Log): LimitLedger {
  const told = new Set<string>();
  return {
    before: (nowMs) => givenUpBefore(store, nowMs),
    async note({ feeders, curtailed }, slots, nowMs) {
      const found = feeders.map(({ feeder, kind, slot, slots: count, amountW, message }) => ({
        feeder,
        kind,
        startMs: slots[slot]?.startMs ?? 0,
        endMs: slots[slot + count - 1]?.endMs ?? 0,
        amountW,
        atMs: nowMs,
        message,
      }));
      const fresh = found.filter(({ feeder, kind, startMs, endMs, amountW }) => {
        const key = `${feeder} ${kind} ${startMs} ${endMs} ${amountW}`;
        return !told.has(key) && told.add(key);
      });
      for (const { feeder, startMs, endMs, amountW } of fresh)
        log.warn(
          { feeder, from: iso(startMs), until: iso(endMs), amountW },
          "feeder limit cannot be kept by any plan of its homes",
        );
      for (const { party: site, curtailedWh } of curtailed)
        log.warn({ site, curtailedWh }, "home gets less than it wants, for the limit of its feeder");
      await store.addShortfalls(fresh.map(({ message: _, ...kept }) => kept));
      await store.addCurtailments(
        curtailed.map(({ party: site, curtailedWh }) => ({ site, dayMs: dayOf(nowMs), wh: Math.round(curtailedWh) })),
      );
      if (told.size > 10_000) told.clear();
    },
  };
}

const dayOf = (nowMs: number): number => Math.floor(nowMs / dayMs) * dayMs;
