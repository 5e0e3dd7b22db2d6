import { flowsW, type Grid, type GridElement, type Taken } from "./grid-model.ts";

/** Slots in a row in which an element carries more than it may. */
export interface Overload {
  element: string;
  kind: "import-limit" | "export-limit";
  slot: number;
  slots: number;
  /** The most that is beyond the limit in one of them. */
  amountW: number;
  message: string;
}

/** Less than this does not count, W: sums of many figures differ by as much. */
const tinyW = 1e-6;

/** What a flow is beyond an element's limits: above 0 too much import, below 0 too much export, W. */
export function beyondW({ importLimitW, exportLimitW }: GridElement, slot: number, flowW: number): number {
  const above = flowW - (importLimitW[slot] as number);
  if (above > tinyW) return above;
  const below = flowW + (exportLimitW[slot] as number);
  return below < -tinyW ? below : 0;
}

/** Where schedules overload the grid, and by how much. */
export function overloads(grid: Grid, taken: Iterable<Taken>): Overload[] {
  const flows = flowsW(grid, taken);
  return grid.elements.flatMap((element) => {
    const found: Overload[] = [];
    for (const [slot, flow] of (flows.get(element.name) ?? []).entries()) {
      const beyond = beyondW(element, slot, flow);
      if (beyond === 0) continue;
      const kind = beyond > 0 ? "import-limit" : "export-limit";
      const amountW = Math.ceil(Math.abs(beyond));
      const last = found.at(-1);
      if (last && last.kind === kind && last.slot + last.slots === slot) {
        last.slots += 1;
        last.amountW = Math.max(last.amountW, amountW);
      } else found.push({ element: element.name, kind, slot, slots: 1, amountW, message: "" });
    }
    for (const one of found) one.message = worded(element, one);
    return found;
  });
}

/** All that is beyond limits, added up over elements and slots, W. */
export function overloadSumW(grid: Grid, taken: Iterable<Taken>): number {
  const flows = flowsW(grid, taken);
  let sum = 0;
  for (const element of grid.elements)
    for (const [slot, flow] of (flows.get(element.name) ?? []).entries()) sum += Math.abs(beyondW(element, slot, flow));
  return sum;
}

/** In which slots a place is asked to take less (1) or more (-1) because an element above it is overloaded; 0 in the others. */
export function askedDirections(grid: Grid, taken: Iterable<Taken>, point: string): Int8Array {
  const flows = flowsW(grid, taken);
  const path = new Set(grid.pathFrom.get(point));
  const directions = new Int8Array(grid.slots);
  for (const element of grid.elements.filter(({ name }) => path.has(name)))
    for (const [slot, flow] of (flows.get(element.name) ?? []).entries()) {
      const beyond = beyondW(element, slot, flow);
      if (beyond !== 0) directions[slot] = Math.sign(beyond);
    }
  return directions;
}

/** The most and the least that one place may take while all else stays, whole W. */
export function roomLeftW(grid: Grid, others: Iterable<Taken>, point: string): { most: number[]; least: number[] } {
  const flows = flowsW(grid, others);
  const path = new Set(grid.pathFrom.get(point));
  const most = Array.from({ length: grid.slots }, () => Infinity);
  const least = most.map(() => -Infinity);
  for (const { name, importLimitW, exportLimitW } of grid.elements.filter((element) => path.has(element.name)))
    for (const [slot, flow] of (flows.get(name) ?? []).entries()) {
      most[slot] = Math.min(most[slot] as number, Math.floor((importLimitW[slot] as number) - flow + tinyW));
      least[slot] = Math.max(least[slot] as number, Math.ceil(-(exportLimitW[slot] as number) - flow - tinyW));
    }
  return { most, least };
}

function worded({ name, kind }: GridElement, { kind: limit, slot, slots, amountW }: Overload): string {
  const when = slots === 1 ? `in slot ${slot}` : `from slot ${slot} to ${slot + slots - 1}`;
  return `${kind} ${name} carries ${amountW} W more than its ${limit === "import-limit" ? "import" : "export"} limit ${when}`;
}
