import { iso } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { curtailmentRecord } from "../../planner/community/fair-share.ts";
import type { CommunityResult } from "../../planner/community/community-result.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { KeptShortfall } from "../store/control-store.ts";
import type { Fence } from "../store/lease-store.ts";

const dayMs = 24 * 3_600_000;
/** What was given up longer ago counts for nothing. */
const memoryDays = 28;

/** What limits cost the homes: told, kept, and minded the next time. */
export interface LimitLedger {
  /** What each home had to give up in the weeks before, Wh: what is older counts less. */
  before(nowMs: number): Promise<ReadonlyMap<string, number>>;
  /**
   * Tells and keeps what a plan could not meet; the same shortfall only once.
   * @param fence the lease under which it was planned
   * @throws AppError lease-lost
   */
  note(
    result: Pick<CommunityResult<unknown>, "feeders" | "curtailed">,
    slots: readonly PricedSlot[],
    nowMs: number,
    fence?: Fence,
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
    async note({ feeders, curtailed }, slots, nowMs, fence) {
      const found = feeders.map(({ feeder, kind, slot, slots: count, amountW, message }) => ({
        feeder,
        kind,
        startMs: slots[slot]?.startMs ?? 0,
        endMs: slots[slot + count - 1]?.endMs ?? 0,
        amountW,
        atMs: nowMs,
        message,
      }));
      const fresh = found.filter((one) => !told.has(keyOf(one)));
      for (const { feeder, startMs, endMs, amountW } of fresh)
        log.warn(
          { feeder, from: iso(startMs), until: iso(endMs), amountW },
          "feeder limit cannot be kept by any plan of its homes",
        );
      for (const { party: site, curtailedWh } of curtailed)
        log.warn({ site, curtailedWh }, "home gets less than it wants, for the limit of its feeder");
      const curtailments = curtailed.map(({ party, curtailedWh }) => ({
        site: party,
        dayMs: dayOf(nowMs),
        wh: Math.round(curtailedWh),
      }));
      await store.addLimitCosts({ shortfalls: fresh.map(({ message: _, ...kept }) => kept), curtailments }, fence);
      if (told.size > 10_000) told.clear();
      // Once it is kept: what the database could not take is tried again with the next plan.
      for (const one of fresh) told.add(keyOf(one));
    },
  };
}

const keyOf = ({ feeder, kind, startMs, endMs, amountW }: KeptShortfall): string =>
  `${feeder} ${kind} ${startMs} ${endMs} ${amountW}`;

const dayOf = (nowMs: number): number => Math.floor(nowMs / dayMs) * dayMs;
