import { setImmediate } from "node:timers/promises";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { FeederGroup } from "./feeder-groups.ts";
import type { LimitReserve } from "./limit-reserve.ts";

type Span = { startMs: number; endMs: number };

/** What a plan said of its homes, W at their meters by slot. */
export interface SaidPlan {
  madeMs: number;
  slots: readonly Span[];
  wattsOf: ReadonlyMap<string, Float32Array>;
}

/** Compares what plans said with what meters then counted. */
export interface PlanErrors {
  /** Notes for the reserve of each feeder what its homes' meters have told since the last time, beside the plans then in force. */
  measure(group: FeederGroup, nowMs: number): Promise<void>;
  /** A plan is made. */
  said(group: FeederGroup, plan: SaidPlan): void;
}

const slotMs = 900_000;
/** Rows of a slot are there so long after its end. */
const lateMs = 5 * 60_000;
/** Of a feeder so many homes must have told of a slot; the others are taken to be as far off. */
const enoughShare = 0.5;

export function planErrors(store: Pick<AggregatorStore, "slots">, reserve: Pick<LimitReserve, "note">): PlanErrors {
  const known = new Map<string, { plans: SaidPlan[]; judgedMs: number }>();
  return {
    async measure({ name, sites, feeders }, nowMs) {
      const own = known.get(name);
      if (!own) return;
      const [fromMs, untilMs] = [own.judgedMs, Math.floor((nowMs - lateMs) / slotMs) * slotMs];
      if (fromMs >= untilMs) return;
      const members = feeders.map((feeder) => ({ feeder, sites: new Set(feeder.sites), sums: new Map<number, Sum>() }));
      for (const site of sites) {
        for (const { startMs, endMs, wh } of await netSlots(store, site, fromMs, untilMs)) {
          const plan = own.plans.findLast(({ madeMs, wattsOf }) => madeMs <= startMs && wattsOf.has(site));
          const saidWh = plan && wattHours(plan, site, { startMs, endMs });
          if (saidWh === undefined) continue;
          for (const { sites: its, sums } of members) if (its.has(site)) add(sums, startMs, (wh - saidWh) / (endMs - startMs));
        }
        // Thousands of homes must not keep the rest of the process waiting.
        await setImmediate();
      }
      for (const { feeder, sites: its, sums } of members)
        for (const [startMs, { homes, whPerMs }] of sums)
          if (homes >= enoughShare * its.size) reserve.note(feeder.name, startMs, ((whPerMs * 3_600_000) / homes) * its.size);
      own.judgedMs = untilMs;
      // The newest one before the slots to come still counts for them.
      own.plans = own.plans.slice(
        Math.max(
          0,
          own.plans.findLastIndex(({ madeMs }) => madeMs <= untilMs),
        ),
      );
    },
    said({ name }, plan) {
      const own = known.get(name) ?? { plans: [], judgedMs: Math.ceil(plan.madeMs / slotMs) * slotMs };
      own.plans.push(plan);
      known.set(name, own);
    },
  };
}

interface Sum {
  homes: number;
  whPerMs: number;
}

function add(sums: Map<number, Sum>, startMs: number, whPerMs: number): void {
  const { homes, whPerMs: before } = sums.get(startMs) ?? { homes: 0, whPerMs: 0 };
  sums.set(startMs, { homes: homes + 1, whPerMs: before + whPerMs });
}

async function netSlots(
  store: Pick<AggregatorStore, "slots">,
  site: string,
  fromMs: number,
  untilMs: number,
): Promise<(Span & { wh: number })[]> {
  const fed = new Map((await store.slots(site, "export", fromMs, untilMs)).map(({ startMs, wh }) => [startMs, wh]));
  const drawn = await store.slots(site, "import", fromMs, untilMs);
  return drawn.map(({ startMs, endMs, wh }) => ({ startMs, endMs, wh: wh - (fed.get(startMs) ?? 0) }));
}

/** Undefined where the plan does not say it for all of the time. */
function wattHours({ slots, wattsOf }: SaidPlan, site: string, { startMs, endMs }: Span): number | undefined {
  const watts = wattsOf.get(site);
  let [wh, coveredMs] = [0, 0];
  for (const [slot, one] of slots.entries()) {
    const ms = Math.min(endMs, one.endMs) - Math.max(startMs, one.startMs);
    if (ms <= 0) continue;
    coveredMs += ms;
    wh += ((watts?.[slot] ?? 0) * ms) / 3_600_000;
  }
  return coveredMs === endMs - startMs ? wh : undefined;
}
