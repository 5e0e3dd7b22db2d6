import { runNodes } from "../fast/run-nodes.ts";
import type { Device } from "../home.ts";

const perKwh = 1000;
/** Cells into which a store's fill is cut: the bound is loose by less than half of one in each slot. */
const cells = 40_000;

/** Whether `relayBound` knows all that the appliance can do. */
export const isPlainRelay = (device: Device): boolean =>
  device.onOff &&
  !device.profile &&
  device.finalValue === 0 &&
  device.maxOut.every((wh) => wh === 0) &&
  device.demand.every((wh) => wh === 0) &&
  device.keep.every((share) => share <= 1);

/** Fills as cells of one width; the first holds all that is below it too, the last all that is above. */
interface Cells {
  low: number;
  width: number;
}

/** Where each cell can be after a slot off or on, as a range of cells, and the least price of the wishes that it misses there. */
interface Step {
  from: Int32Array;
  to: Int32Array;
  money: Float64Array;
}

/**
 * Money that no schedule of a relay that buys at `prices` (money per kWh) can stay below: dynamic programming over cells of its
 * fill. In each slot it may move to wherever in its cell suits it best, so that no schedule is missed and each looks at most a
 * little too cheap.
 */
export function relayBound(device: Device, prices: readonly number[]): number {
  const slots = device.keep.length;
  const { nodes, first } = runNodes(device);
  const grid = cellsOf(device);
  let after = new Float64Array(nodes.length * cells);
  let before = new Float64Array(nodes.length * cells);
  const step: Step = { from: new Int32Array(cells), to: new Int32Array(cells), money: new Float64Array(cells) };
  const relax = (node: number, next: number, paid: number): void => {
    const [own, other] = [node * cells, next * cells];
    for (let cell = 0; cell < cells; cell += 1) {
      let least = Infinity;
      for (let to = step.from[cell] as number; to <= (step.to[cell] as number); to += 1)
        least = Math.min(least, after[other + to] as number);
      const money = least + paid + (step.money[cell] as number);
      if (money < (before[own + cell] as number)) before[own + cell] = money;
    }
  };
  for (let slot = slots - 1; slot >= 0; slot -= 1) {
    const wh = device.maxIn[slot] ?? 0;
    before.fill(Infinity);
    stepOf(device, grid, slot, 0, step);
    for (const [index, node] of nodes.entries())
      if (node.off >= 0 || wh === 0) relax(index, node.off >= 0 ? node.off : node.cut, 0);
    if (wh > 0) {
      stepOf(device, grid, slot, wh, step);
      const paid = wh * (device.wear + (prices[slot] ?? 0) / perKwh);
      for (const [index, node] of nodes.entries())
        if (node.on >= 0) relax(index, node.on, paid + (node.isOn ? 0 : device.run.startCost));
    }
    [after, before] = [before, after];
  }
  const start = cellOf(grid, device.initial);
  let least = Infinity;
  for (let cell = Math.max(0, start - 1); cell <= Math.min(cells - 1, start + 1); cell += 1)
    least = Math.min(least, after[first * cells + cell] as number);
  return least;
}

function cellsOf(device: Device): Cells {
  const known = [device.initial, ...device.low, ...device.high, device.floor, device.ceiling].filter((wh) => Number.isFinite(wh));
  const mostIn = Math.max(...device.maxIn.map((wh, slot) => wh * (device.gain[slot] ?? 1)));
  const mostOut = Math.max(...device.add.map((wh) => Math.abs(wh)));
  const low = Math.max(device.floor, Math.min(...known) - mostOut);
  const high = Math.min(device.ceiling, Math.max(...known) + mostIn + mostOut);
  return { low, width: Math.max(1e-6, high - low) / cells };
}

const cellOf = ({ low, width }: Cells, fill: number): number =>
  Math.max(0, Math.min(cells - 1, Math.floor((fill - low) / width)));

function stepOf(device: Device, grid: Cells, slot: number, wh: number, step: Step): void {
  const keep = device.keep[slot] ?? 1;
  const moved = (device.add[slot] ?? 0) + (device.gain[slot] ?? 1) * wh;
  const [low, high] = [device.low[slot] ?? -Infinity, device.high[slot] ?? Infinity];
  // Rounding must not hide a cell.
  const margin = grid.width * 1e-6;
  for (let cell = 0; cell < cells; cell += 1) {
    const bottom = cell === 0 ? -Infinity : keep * (grid.low + cell * grid.width) + moved - margin;
    const top = cell === cells - 1 ? Infinity : keep * (grid.low + (cell + 1) * grid.width) + moved + margin;
    const [least, most] = [
      Math.min(device.ceiling, Math.max(device.floor, bottom)),
      Math.min(device.ceiling, Math.max(device.floor, top)),
    ];
    step.from[cell] = cellOf(grid, least);
    step.to[cell] = cellOf(grid, most);
    step.money[cell] = (Math.max(0, low - most) + Math.max(0, least - high)) * device.shortfallPrice;
  }
}
