import type { Resource } from "../../core/message/resource.ts";
import { demandWindows, type DemandWindow } from "../../planner/demand-window.ts";
import { isCar, isStore } from "../optimise/resource-modes.ts";
import { heatPerWh, usedWh } from "../optimise/store-problem.ts";

type Slots = readonly { startMs: number; endMs: number }[];

const dayMs = 24 * 3_600_000;
const hourMs = 3_600_000;

/** Windows of a resource's demand that touch slots; none of what wants no energy by a time. */
function windowsOf({ demand, timezone }: Resource, slots: Slots): DemandWindow[] {
  const [first, last] = [slots[0], slots.at(-1)];
  if (!first || !last || demand?.kind !== "energy") return [];
  return demandWindows(demand, timezone, first.startMs, last.endMs + dayMs);
}

/** 1 for what touches a window of its demand, in which a car is there as far as its home says; else 0. Within the time of slots. */
export function describedPresence(resource: Resource, slots: Slots): (startMs: number, endMs: number) => number {
  const windows = windowsOf(resource, slots);
  return (startMs, endMs) => (windowWith(windows, { startMs, endMs }) ? 1 : 0);
}

/** W that a heater takes: the energy of its demand evenly in each window; of a tank without one what its home says of it. */
export function describedW(resource: Resource, slots: Slots): number[] | undefined {
  const { demand } = resource;
  if (demand?.kind !== "energy" || isCar(resource)) {
    const heatW = describedDrawW(resource, slots);
    return heatW && isStore(resource) ? heatW.map((watts) => watts / heatPerWh(resource)) : undefined;
  }
  const windows = windowsOf(resource, slots);
  return slots.map((slot) => {
    const window = windowWith(windows, slot);
    return window ? (demand.energyWh * hourMs) / (window.readyMs - window.fromMs) : 0;
  });
}

/** W of heat that people take from a tank, as its home foretells it; undefined where it does not. */
export function describedDrawW(resource: Resource, slots: Slots): number[] | undefined {
  const { storage } = resource;
  if (storage?.kind !== "tank" || !storage.usage?.values.some((wh) => wh > 0)) return undefined;
  return slots.map((slot) => (usedWh(storage.usage, slot) * hourMs) / (slot.endMs - slot.startMs));
}

function windowWith(windows: readonly DemandWindow[], { startMs, endMs }: Slots[number]): DemandWindow | undefined {
  return windows.find(({ fromMs, readyMs }) => startMs < readyMs && endMs > fromMs);
}
