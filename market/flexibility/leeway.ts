import type { PowerBounds } from "../../core/message/uftp.ts";
import { flowsW, type Grid, type Taken } from "./grid-model.ts";

/** A schedule at a place, and how many appliances or homes can move in it. */
export interface Placed extends Taken {
  parties: number;
}

/**
 * Shares out what the limits leave beside all schedules: of each element above it a place gets a part by how many can move there, so
 * all of them may use theirs up in the same slot. Whole W, infinite where nothing
 * limits it; where a limit is passed already nothing is left. Pure.
 */
export function leewayOf(grid: Grid, placed: readonly Placed[]): PowerBounds[] {
  const flows = flowsW(grid, placed);
  const moving = new Map<string, number>();
  for (const { point, parties } of placed)
    for (const name of grid.pathFrom.get(point) ?? []) moving.set(name, (moving.get(name) ?? 0) + parties);
  return placed.map(({ point, powerW, parties }): PowerBounds => {
    const path = new Set(grid.pathFrom.get(point));
    const above = grid.elements.filter(({ name }) => path.has(name));
    const up = new Float64Array(grid.slots).fill(parties === 0 ? 0 : Infinity);
    const down = Float64Array.from(up);
    for (const { name, importLimitW, exportLimitW } of parties === 0 ? [] : above) {
      const share = parties / (moving.get(name) ?? parties);
      for (const [slot, flow] of (flows.get(name) ?? []).entries()) {
        up[slot] = Math.min(up[slot] as number, share * Math.max(0, (importLimitW[slot] as number) - flow));
        down[slot] = Math.min(down[slot] as number, share * Math.max(0, flow + (exportLimitW[slot] as number)));
      }
    }
    return {
      mostW: Array.from(up, (watts, slot) => (powerW[slot] ?? 0) + Math.floor(watts)),
      leastW: Array.from(down, (watts, slot) => (powerW[slot] ?? 0) - Math.floor(watts)),
    };
  });
}
