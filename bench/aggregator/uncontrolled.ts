import type { Device, Flow, Home } from "../../planner/home.ts";
import { netOf } from "../../planner/objective.ts";
import { filled, idle } from "../../planner/physics.ts";

/**
 * Net of a home that plans nothing, Wh a slot: the car charges with all it can from when it comes, thermostats hold what is wanted,
 * the battery follows the house.
 */
export function uncontrolledNetWh(home: Home): Float64Array {
  return netOf(home, uncontrolledFlows(home));
}

function uncontrolledFlows(home: Home): Flow[] {
  const flows = home.devices.map(() => idle(home.hours.length));
  for (const [index, device] of home.devices.entries()) {
    const flow = flows[index];
    if (flow && !gives(device)) follow(device, flow);
  }
  for (const [index, device] of home.devices.entries()) {
    const flow = flows[index];
    if (!flow || !gives(device)) continue;
    const rest = netOf(home, flows);
    let fill = device.initial;
    for (const [slot, wh] of rest.entries()) {
      const gain = device.gain[slot] ?? 1;
      if (wh < 0) flow.in[slot] = Math.min(-wh, device.maxIn[slot] ?? 0, Math.max(0, device.ceiling - fill) / gain);
      else flow.out[slot] = Math.min(wh, device.maxOut[slot] ?? 0, Math.max(0, fill - device.floor) / device.drain);
      fill = filled(device, slot, fill, flow.in[slot] ?? 0, flow.out[slot] ?? 0);
    }
  }
  return flows;
}

const gives = (device: Device): boolean => device.maxOut.some((wh) => wh > 0);

/** A store takes all that it can until it is full enough for its last wish; what warms keeps above its least. */
function follow(device: Device, flow: Flow): void {
  const isStore = Number.isFinite(device.ceiling);
  const goal = Math.max(...device.low);
  let fill = device.initial;
  let on = false;
  for (let slot = 0; slot < device.keep.length; slot += 1) {
    const most = device.maxIn[slot] ?? 0;
    const gain = device.gain[slot] ?? 1;
    const alone = filled(device, slot, fill, 0, 0);
    const low = device.low[slot] ?? 0;
    let wh = 0;
    if (isStore) wh = Math.min(most, Math.max(0, goal - alone) / gain);
    else if (device.onOff) {
      // A thermostat: on below the least, off when a slot has warmed it above.
      on = alone < low + (on ? most * gain * 0.5 : 0);
      wh = on ? most : 0;
    } else wh = Math.min(most, Math.max(0, Math.max(...device.low) - alone) / gain);
    flow.in[slot] = wh;
    fill = filled(device, slot, fill, wh, 0);
  }
}
