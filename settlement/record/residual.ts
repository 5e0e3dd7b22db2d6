import type { Evidence } from "../../core/message/settlement-message.ts";

/** Energy of a slot; instants in ms. */
interface EnergySlot {
  startMs: number;
  endMs: number;
  wh: number;
}

/** Trades are for quarters of an hour. */
export const tradedMs = 15 * 60_000;

/**
 * How much of each metered slot was traded at an exchange, and so is no business of the supplier: of each quarter of an hour what was
 * traded, as far as it was metered, from its first slot on. A quarter of which slots are missing is left to the supplier whole.
 * Gives the Wh by the slots' place in the list. Pure.
 * @param slots of one register, in order of time
 * @param tradedWh by start of the quarter, ms: bought for import, sold for export
 */
export function tradedOfSlots(slots: readonly EnergySlot[], tradedWh: ReadonlyMap<number, number>): number[] {
  const coveredMs = new Map<number, number>();
  const quarterOf = ({ startMs }: EnergySlot): number => Math.floor(startMs / tradedMs) * tradedMs;
  for (const slot of slots) {
    const quarter = quarterOf(slot);
    coveredMs.set(quarter, (coveredMs.get(quarter) ?? 0) + slot.endMs - slot.startMs);
  }
  const left = new Map([...tradedWh].filter(([quarter]) => coveredMs.get(quarter) === tradedMs));
  return slots.map((slot) => {
    const quarter = quarterOf(slot);
    const takes = Math.min(Math.max(0, slot.wh), left.get(quarter) ?? 0);
    left.set(quarter, (left.get(quarter) ?? 0) - takes);
    return takes;
  });
}

/** Evidence of an energy record without what was traded: the slots have what is left, `traded` the rest. */
export function withoutTraded(evidence: Evidence, tradedWh: ReadonlyMap<number, number>): Evidence {
  const slots = evidence.slots.map(({ start, end, wh }) => ({ startMs: Date.parse(start), endMs: Date.parse(end), wh }));
  const takes = tradedOfSlots(slots, tradedWh);
  if (takes.every((wh) => wh === 0)) return evidence;
  return {
    ...evidence,
    slots: evidence.slots.map((slot, at) => ({ ...slot, wh: slot.wh - (takes[at] ?? 0) })),
    traded: evidence.slots.flatMap(({ start, end }, at) => {
      const wh = takes[at] ?? 0;
      return wh > 0 ? [{ start, end, wh }] : [];
    }),
  };
}
