import type { SharedLimit } from "../../planner/community/shared-limit.ts";
import { flowsW, type Grid, type Taken } from "./grid-model.ts";

/**
 * A grid's limits as the rounds take them: what is left beside the base load, Wh a slot.
 * @param groups by their place in the list: where in the grid each stands
 * @param fixed what is taken by those who do not answer
 */
export function sharedLimits(
  grid: Grid,
  hours: number,
  groups: readonly { point: string }[],
  fixed: Iterable<Taken>,
): SharedLimit[] {
  const base = flowsW(grid, fixed);
  const limits = new Map<string, SharedLimit & { groups: number[]; below: SharedLimit[] }>();
  for (const { name, importLimitW, exportLimitW } of grid.elements) {
    const flow = base.get(name) ?? new Float64Array(grid.slots);
    limits.set(name, {
      most: importLimitW.map((watts, slot) => (watts - (flow[slot] as number)) * hours),
      least: exportLimitW.map((watts, slot) => (-watts - (flow[slot] as number)) * hours),
      sizeWh: importLimitW.map((watts, slot) => Math.min(watts, exportLimitW[slot] as number) * hours),
      groups: [],
      below: [],
    });
  }
  for (const [group, { point }] of groups.entries()) limits.get(point)?.groups.push(group);
  const tops: SharedLimit[] = [];
  for (const { name, above } of grid.elements) {
    const limit = limits.get(name);
    if (limit) (above === null ? tops : (limits.get(above)?.below ?? tops)).push(limit);
  }
  return tops;
}
