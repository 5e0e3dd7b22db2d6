import { AppError } from "../../core/app-error.ts";
import type { Device, Flow } from "../home.ts";
import { idle } from "../physics.ts";
import { choicesAt, choiceScratch, openSlot, startAt, type Choices, type NextLevels, type Rest } from "./choices.ts";
import { runNodes, type RunNode, type RunNodes } from "./run-nodes.ts";

/** Fill levels that are looked at: `levels` of them from low to high, at each of the slots + 1 points in time. */
export interface Grid {
  levels: number;
  low: Float64Array;
  high: Float64Array;
}

/** What an appliance is to do, and what a Wh of its fill is worth after each slot, in money. */
export interface PlannedDevice {
  flow: Flow;
  worth: Float64Array;
}

/** Room to work in, used again for each appliance: a plan takes hundreds of passes. */
export interface PlanScratch {
  values: Float64Array;
  choices: Choices;
}

/** Room that grows with what is planned in it. */
export function planScratch(): PlanScratch {
  return { values: new Float64Array(0), choices: choiceScratch() };
}

/** 400 MB: no rest that an appliance of a home needs comes near it. */
const mostValues = 5e7;

/**
 * The best plan of one appliance against the rest of the home, by dynamic programming backwards over its fill level and its
 * run rules; the values between levels are linear. The plan itself is rolled out on the exact physics, so that its energies
 * are what the appliance would do, however coarse the grid.
 */
export function planDevice(device: Device, rest: Rest, grid: Grid, scratch: PlanScratch): PlannedDevice {
  const machine = runNodes(device);
  const needed = (device.keep.length + 1) * machine.nodes.length * grid.levels;
  if (needed > mostValues)
    throw new AppError(
      "plan-bad-appliance",
      `${device.name}: its minutes on, off or locked are ${machine.nodes.length} slots, too many to plan over ${device.keep.length} slots; expected shorter minutes, or longer or fewer slots`,
    );
  if (scratch.values.length < needed) scratch.values = new Float64Array(needed);
  backwards(device, rest, grid, machine, scratch);
  return rollOut(device, rest, grid, machine, scratch);
}

/** Least money from each point in time, node and level to the end. */
function backwards(device: Device, rest: Rest, grid: Grid, { nodes }: RunNodes, { values, choices }: PlanScratch): void {
  const slots = device.keep.length;
  const { levels } = grid;
  const size = nodes.length * levels;
  for (const [index, node] of nodes.entries())
    for (let level = 0; level < levels; level += 1)
      values[slots * size + index * levels + level] =
        node.endCost - device.finalValue * ((grid.low[slots] as number) + level * stepAt(grid, slots));
  for (let slot = slots - 1; slot >= 0; slot -= 1) {
    const [low, step] = [grid.low[slot] as number, stepAt(grid, slot)];
    const next = (slot + 1) * size;
    openSlot(choices, device, rest, slot, nextLevels(grid, slot));
    for (let level = 0; level < levels; level += 1) {
      startAt(choices, low + level * step);
      choicesAt(choices, device, slot);
      for (let index = 0; index < nodes.length; index += 1) {
        pick(choices, nodes[index] as RunNode, device, values, next, levels);
        values[slot * size + index * levels + level] = choices.least;
      }
    }
  }
}

const nextLevels = (grid: Grid, slot: number): NextLevels => ({
  count: grid.levels,
  low: grid.low[slot + 1] as number,
  step: stepAt(grid, slot + 1),
});

/** Follows the values from the start, on the exact physics. */
function rollOut(
  device: Device,
  rest: Rest,
  grid: Grid,
  { nodes, first }: RunNodes,
  { values, choices }: PlanScratch,
): PlannedDevice {
  const slots = device.keep.length;
  const size = nodes.length * grid.levels;
  const flow = idle(slots);
  const worth = new Float64Array(slots);
  let x = device.initial;
  let at = first;
  for (let slot = 0; slot < slots; slot += 1) {
    const node = nodes[at] as RunNode;
    const next = nextLevels(grid, slot);
    openSlot(choices, device, rest, slot, next);
    startAt(choices, x);
    choicesAt(choices, device, slot);
    pick(choices, node, device, values, (slot + 1) * size, grid.levels);
    const wh = choices.wh[choices.picked] as number;
    if (wh > 0) flow.in[slot] = wh;
    else flow.out[slot] = -wh;
    x = choices.fill[choices.picked] as number;
    at = nodeAfter(node, choices.picked > 0);
    const offset = (slot + 1) * size + at * grid.levels;
    const [above, below] = [x + next.step / 2, x - next.step / 2];
    if (next.step > 0) worth[slot] = (between(values, offset, next, below) - between(values, offset, next, above)) / next.step;
  }
  return { flow, worth };
}

const nodeAfter = ({ on, off, cut }: RunNode, runs: boolean): number => (runs ? on : off >= 0 ? off : cut);

/** Picks the cheapest choice that the rules allow, into `choices`. */
function pick(choices: Choices, node: RunNode, device: Device, values: Float64Array, next: number, levels: number): void {
  const { count, money, below, share } = choices;
  const only = count === 1;
  // In mid-run nothing can run: unplugged, which is nobody's fault, or full, which no plan should come to.
  const offNode = node.off >= 0 ? node.off : only ? node.cut : -1;
  let least = Infinity;
  let picked = 0;
  if (offNode >= 0) {
    const one = next + offNode * levels + (below[0] as number);
    const low = values[one] as number;
    least = (money[0] as number) + low + ((values[one + 1] as number) - low) * (share[0] as number);
    if (node.off < 0 && only && !choices.barred) least += device.shortfallPrice * brokenRunWh;
  }
  if (node.on >= 0 && !only) {
    const offset = next + node.on * levels;
    const starts = node.isOn ? 0 : device.run.startCost;
    const from = node.step >= 0 ? node.step + 1 : 1;
    const to = node.step >= 0 ? Math.min(from + 1, count) : count;
    for (let index = from; index < to; index += 1) {
      const one = offset + (below[index] as number);
      const low = values[one] as number;
      const paid = (money[index] as number) + starts + low + ((values[one + 1] as number) - low) * (share[index] as number);
      if (paid < least) {
        least = paid;
        picked = index;
      }
    }
  }
  choices.least = least;
  choices.picked = picked;
}

/** A run that ends too early is priced as so much missing energy. */
export const brokenRunWh = 1e6;

const stepAt = (grid: Grid, point: number): number =>
  ((grid.high[point] as number) - (grid.low[point] as number)) / Math.max(1, grid.levels - 1);

/** Value at a fill level between those of the grid; linear beyond its ends too. */
function between(values: Float64Array, offset: number, { count, low, step }: NextLevels, x: number): number {
  const place = (x - low) / step;
  const index = place <= 0 ? 0 : place >= count - 2 ? count - 2 : Math.floor(place);
  const one = values[offset + index] as number;
  return one + ((values[offset + index + 1] as number) - one) * (place - index);
}
