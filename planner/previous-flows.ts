import { runCheck } from "./fast/run-check.ts";
import type { Flow, Home } from "./home.ts";
import { idle } from "./physics.ts";

/**
 * A plan in force as flows of this home: W a slot by appliance, as far as each can still do so. Undefined where it says nothing
 * about one of the appliances, or where one of them may no longer run or rest so.
 */
export function previousFlows(home: Home, previous: Readonly<Record<string, readonly number[]>>): Flow[] | undefined {
  const flows: Flow[] = [];
  for (const device of home.devices) {
    const watts = previous[device.name];
    if (!watts) return undefined;
    const flow = idle(home.hours.length);
    let x = device.initial;
    for (const [slot, h] of home.hours.entries()) {
      const wh = Number.isFinite(watts[slot] ?? 0) ? (watts[slot] ?? 0) * h : 0;
      const raw = (device.keep[slot] ?? 1) * x + (device.add[slot] ?? 0);
      const gain = device.gain[slot] ?? 1;
      const room = gain > 0 ? Math.max(0, device.ceiling - raw) / gain : Infinity;
      const most = device.profile ? Infinity : Math.min(device.maxIn[slot] ?? 0, room);
      // What runs by its own thermostat fetches what it was denied once it is free, whatever the plan's figure says.
      const taken = wh > 0 ? (device.ownWill ? most : Math.min(wh, most)) : 0;
      const given =
        wh < 0 ? Math.min(-wh, device.maxOut[slot] ?? 0, Math.max(0, raw - device.floor) / Math.max(device.drain, 1e-9)) : 0;
      flow.in[slot] = taken >= (device.minIn[slot] ?? 0) - 1e-6 || device.ownWill || device.profile ? taken : 0;
      flow.out[slot] = given;
      x = raw + gain * (flow.in[slot] ?? 0) - device.drain * given;
    }
    if (!runCheck(device)(flow)) return undefined;
    flows.push(flow);
  }
  return flows;
}
