import type { PastSlot } from "../../planner/base-load.ts";

/** Slots of several homes or appliances added up. */
export interface SlotSum {
  add(slot: PastSlot): void;
  /** Slots of which enough of so many have told, scaled up to all of them. */
  of(count: number): PastSlot[];
}

/** Of a slot so many must be known. */
const enoughShare = 0.5;

export function slotSum(): SlotSum {
  const slots = new Map<string, PastSlot & { count: number }>();
  return {
    add({ startMs, endMs, wh }) {
      const key = `${startMs} ${endMs}`;
      const found = slots.get(key) ?? { startMs, endMs, wh: 0, count: 0 };
      slots.set(key, { ...found, wh: found.wh + wh, count: found.count + 1 });
    },
    of: (all) =>
      [...slots.values()]
        .filter(({ count }) => count >= enoughShare * all)
        .map(({ startMs, endMs, wh, count }) => ({ startMs, endMs, wh: (wh * all) / count })),
  };
}
