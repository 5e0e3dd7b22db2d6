import type { InstructionList } from "../../core/message/instruction.ts";
import type { Resource, ResourceStatus } from "../../core/message/resource.ts";
import { demandWindows } from "../../planner/demand-window.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import { instructedW, onMode, type PlannedResource } from "./resource-modes.ts";

/** Share of its power that a heat pump is taken to draw by itself. */
export const ownShare = 0.4;

/** What an appliance draws that goes on with what it was told, W by slot. */
export function toldLoadW(
  resource: Resource,
  list: InstructionList | undefined,
  slots: readonly Pick<PricedSlot, "startMs">[],
): number[] {
  return slots.map(({ startMs }) => (list && instructedW(resource, list, startMs)) ?? 0);
}

/** What an appliance draws that nobody tells anything, W by slot: all that it wants, as soon as its time comes. */
export function ownLoadW(resource: PlannedResource, status: ResourceStatus | undefined, slots: readonly PricedSlot[]): number[] {
  const { demand, timezone } = resource;
  const [first, last, { powerW }] = [slots[0], slots.at(-1), onMode(resource)];
  if (!first || !last || powerW <= 0) return slots.map(() => 0);
  if (demand.kind === "block") return slots.map(() => powerW * ownShare);
  const drawsW = slots.map(() => 0);
  for (const { fromMs, readyMs } of demandWindows(demand, timezone, first.startMs, last.endMs)) {
    let missingWh = Math.max(0, demand.energyWh - (fromMs < first.startMs ? (status?.deliveredWh ?? 0) : 0));
    for (const [slot, { startMs, endMs }] of slots.entries()) {
      if (startMs < fromMs || endMs > readyMs || missingWh <= 0) continue;
      const wh = Math.min(missingWh, (powerW * (endMs - startMs)) / 3_600_000);
      drawsW[slot] = (wh * 3_600_000) / (endMs - startMs);
      missingWh -= wh;
    }
  }
  return drawsW;
}
