import type { Slot } from "../../core/slots.ts";
import { flexibilityEarned } from "../../settlement/record/flexibility.ts";
import type { FeederConfig } from "../config/aggregator-config.ts";
import { limitAt } from "../optimise/feeder-groups.ts";
import type { AggregatorStore, StoredSlot } from "../store/aggregator-store.ts";
import type { FlexIncome } from "../store/reward-store.ts";
import type { EventReader } from "./event-reader.ts";

/**
 * Somebody who pays for flexibility, or what it saves: a line of the account that rewards are paid from. A market that sells
 * flexibility is one more.
 */
export interface IncomeSource {
  /** Its name in the account, the same for ever. */
  source: string;
  /** What it brought in on a service day, micro-units; negative where it cost. Null while that cannot be told yet. */
  earned(day: Slot): Promise<bigint | null>;
}

/**
 * Costs that control avoided at the prices that were frozen before: day-ahead energy, and charges for the use of feeders. All
 * events of the day count, those that a resident overrode too: what they did not bring is not there to be shared out.
 */
export function avoidedCosts(homes: ReadonlyMap<string, { timezone: string }>, reader: EventReader): IncomeSource {
  return {
    source: "avoided costs",
    async earned({ startMs, endMs }) {
      let micro = 0n;
      for (const [site, { timezone }] of homes)
        for (const event of await reader.ended(site, startMs, endMs)) {
          const found = await reader.evidenceOf(event, timezone);
          if (typeof found !== "string") micro += flexibilityEarned([found]);
        }
      return micro;
    },
  };
}

/** What grid operators pay for each day on which the homes of a feeder kept the limit of its contract. */
export function feederAvailability(feeders: readonly FeederConfig[], store: Pick<AggregatorStore, "slots">): IncomeSource {
  return {
    source: "feeder availability",
    async earned(day) {
      let micro = 0n;
      for (const feeder of feeders) {
        const { grid } = feeder;
        if (!grid || day.startMs < Date.parse(grid.from) || day.endMs > Date.parse(grid.until)) continue;
        if (grid.terms.availabilityPerDay === "0") continue;
        const kept = await keptLimit(feeder, day, store);
        if (kept === null) return null;
        if (kept) micro += BigInt(grid.terms.availabilityPerDay);
      }
      return micro;
    },
  };
}

/** Whether the homes together stayed within a feeder's limit in each slot; null while slots are missing. */
async function keptLimit(
  feeder: FeederConfig,
  { startMs, endMs }: Slot,
  store: Pick<AggregatorStore, "slots">,
): Promise<boolean | null> {
  const togetherWh = new Map<number, number>();
  let slots: StoredSlot[] = [];
  for (const site of feeder.sites) {
    slots = await store.slots(site, "import", startMs, endMs);
    const lengthMs = slots.reduce((sum, slot) => sum + slot.endMs - slot.startMs, 0);
    if (lengthMs < endMs - startMs) return null;
    for (const { startMs: atMs, wh } of slots) togetherWh.set(atMs, (togetherWh.get(atMs) ?? 0) + wh);
    for (const { startMs: atMs, wh } of await store.slots(site, "export", startMs, endMs))
      togetherWh.set(atMs, (togetherWh.get(atMs) ?? 0) - wh);
  }
  return slots.every(({ startMs: atMs, endMs: untilMs }) => {
    const powerW = ((togetherWh.get(atMs) ?? 0) * 3_600_000) / (untilMs - atMs);
    return powerW <= limitAt(feeder, atMs);
  });
}

/** The account of a day; null while a source cannot tell, unless it is too late to wait: then it brought nothing. */
export async function dayIncome(sources: readonly IncomeSource[], day: Slot, isLate: boolean): Promise<FlexIncome[] | null> {
  const account: FlexIncome[] = [];
  for (const { source, earned } of sources) {
    const micro = await earned(day);
    if (micro === null && !isLate) return null;
    account.push({ ...day, source, micro: micro ?? 0n });
  }
  return account;
}
