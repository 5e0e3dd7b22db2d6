import type { Device, Flow } from "../home.ts";
import { trajectory } from "../physics.ts";
import type { Grid } from "./plan-device.ts";

const finite = (values: Iterable<number>): number[] => [...values].filter((value) => Number.isFinite(value));

/**
 * All levels that an appliance should ever have, at each point in time, for any count of levels. Beyond them values go on in a
 * straight line.
 */
export function wideGrid(device: Device): (levels: number) => Grid {
  const slots = device.keep.length;
  const lowest = Math.min(device.initial, ...finite(device.low), ...finite([device.floor]));
  const highest = Math.max(device.initial, ...finite(device.high), ...finite([device.ceiling]), ...finite(device.low));
  // A store has its whole size to look at, a warm room only what is comfortable.
  const warm = !Number.isFinite(device.ceiling);
  const edge = (bounds: Float64Array, point: number, otherwise: number): number => {
    const bound = warm ? (bounds[Math.max(0, point - 1)] ?? otherwise) : otherwise;
    return Number.isFinite(bound) ? bound : otherwise;
  };
  const points = Array.from({ length: slots + 1 }, (_, point) => point);
  const low = Float64Array.from(points, (point) => edge(device.low, point, lowest));
  const high = Float64Array.from(points, (point) => edge(device.high, point, highest));
  const whole = relayLevels(device, lowest, highest);
  if (whole !== undefined) {
    const top = device.initial + (whole - 1) * Math.max(...device.maxIn);
    return () => ({ levels: whole, low: low.map(() => device.initial), high: low.map(() => top) });
  }
  const goal = Math.max(lowest, ...finite(device.low));
  return (levels) => {
    if (highest <= lowest) return { levels: 2, low, high };
    if (warm || goal <= lowest || goal >= highest) return { levels, low, high };
    // The goal lies on a level: halfway between two of them a fill that reaches it would look as if it did not.
    const step = (highest - lowest) / (levels - 2);
    const bottom = goal - Math.ceil((goal - lowest) / step) * step;
    return { levels, low: low.map(() => bottom), high: low.map(() => bottom + (levels - 1) * step) };
  };
}

const mostRelayLevels = 400;

/** A relay that fills a store which loses nothing, in slots of one length, only ever stands at whole numbers of slots. */
function relayLevels(device: Device, lowest: number, highest: number): number | undefined {
  const energies = new Set(Array.from(device.maxIn).filter((wh) => wh > 0));
  const [wh] = energies;
  const isPlain = device.onOff && Number.isFinite(device.ceiling) && energies.size === 1 && device.initial === lowest;
  if (!isPlain || wh === undefined || !device.keep.every((share) => share === 1) || !device.add.every((each) => each === 0))
    return undefined;
  const levels = Math.max(2, Math.ceil((highest - device.initial) / wh) + 1);
  return levels <= mostRelayLevels ? levels : undefined;
}

/** Levels close to what an appliance does now. @param share of the whole range, on each side */
export function closeGrid(device: Device, flow: Flow, wide: Grid, share: number): Grid {
  if (relayLevels(device, device.initial, wide.high[0] ?? 0) !== undefined) return wide;
  const fills = trajectory(device, flow);
  const at = (point: number): number => (point === 0 ? device.initial : (fills[point - 1] ?? device.initial));
  const width = (point: number): number => Math.max(1, (wide.high[point] ?? 0) - (wide.low[point] ?? 0)) * share;
  return {
    levels: wide.levels,
    low: wide.low.map((_, point) => at(point) - width(point)),
    high: wide.low.map((_, point) => at(point) + width(point)),
  };
}
