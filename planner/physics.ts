import type { Device, Flow } from "./home.ts";

/** The fill level after a slot, Wh. What would pass a full or an empty store does not go in or out. */
export function filled(device: Device, slot: number, x: number, inWh: number, outWh: number): number {
  const after = (device.keep[slot] ?? 1) * x + (device.gain[slot] ?? 1) * inWh - device.drain * outWh + (device.add[slot] ?? 0);
  return Math.min(device.ceiling, Math.max(device.floor, after));
}

/** Fill levels at the end of each slot. */
export function trajectory(device: Device, flow: Flow): Float64Array {
  const fills = new Float64Array(device.keep.length);
  let x = device.initial;
  for (let slot = 0; slot < fills.length; slot += 1) {
    x = filled(device, slot, x, flow.in[slot] ?? 0, flow.out[slot] ?? 0);
    fills[slot] = x;
  }
  return fills;
}

/** Nothing in and nothing out. */
export function idle(slots: number): Flow {
  return { in: new Float64Array(slots), out: new Float64Array(slots) };
}
