import type { InstructionList } from "../../core/message/instruction.ts";
import type { Resource } from "../../core/message/resource.ts";
import type { Slot } from "../../core/slots.ts";
import type { AggregatorStore, StoredSlot } from "../store/aggregator-store.ts";
import { instructedW } from "./resource-modes.ts";

const dayMs = 24 * 3_600_000;
/** So many days back is looked for the same time of the day. */
const days = [1, 2, 3];
/** A plan reaches no further ahead than this. */
const planReachMs = 36 * 3_600_000;
/** Assumed for other loads until a home has a history, W. */
const unknownW = 1500;

/** What the past says about a home. */
export interface MeteredPast {
  imported: readonly StoredSlot[];
  exported: readonly StoredSlot[];
  /** Plans that it followed, oldest first. */
  plans: readonly { list: InstructionList; atMs: number }[];
}

/** Reads what `baseLoadW` needs. */
export async function meteredPast(
  store: Pick<AggregatorStore, "slots" | "acceptedPlans">,
  site: string,
  nowMs: number,
): Promise<MeteredPast> {
  const fromMs = nowMs - days.length * dayMs;
  return {
    imported: await store.slots(site, "import", fromMs, nowMs),
    exported: await store.slots(site, "export", fromMs, nowMs),
    plans: await store.acceptedPlans(site, fromMs - planReachMs, nowMs),
  };
}

/**
 * What a home draws besides its planned appliances, W by slot; below 0 where it exports: mean power at the same time of the
 * newest day that is known, without what its appliances had been told to draw then.
 */
export function baseLoadW(past: MeteredPast, resources: readonly Resource[], slots: readonly Slot[]): number[] {
  const [imported, exported] = [meanPowers(past.imported), meanPowers(past.exported)];
  return slots.map(({ startMs }) => {
    for (const day of days) {
      const atMs = startMs - day * dayMs;
      const [inW, outW] = [imported(atMs), exported(atMs) ?? 0];
      if (inW === undefined) continue;
      const restW = inW - outW - toldW(past, resources, atMs);
      // An appliance that drew less than it was told must not look like a panel.
      return outW > 0 ? restW : Math.max(0, restW);
    }
    return unknownW;
  });
}

function meanPowers(slots: readonly StoredSlot[]): (atMs: number) => number | undefined {
  const byStart = new Map(slots.map((slot) => [slot.startMs, slot]));
  const lengthMs = slots[0] ? slots[0].endMs - slots[0].startMs : 1;
  return (atMs) => {
    const found = byStart.get(Math.floor(atMs / lengthMs) * lengthMs);
    return found && (found.wh * 3_600_000) / (found.endMs - found.startMs);
  };
}

function toldW({ plans }: MeteredPast, resources: readonly Resource[], atMs: number): number {
  return resources.reduce((sum, resource) => {
    const list = plans.findLast((plan) => plan.atMs <= atMs && plan.list.resource === resource.resource)?.list;
    return sum + ((list && instructedW(resource, list, atMs)) ?? 0);
  }, 0);
}
