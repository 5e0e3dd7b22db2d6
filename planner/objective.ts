import type { Device, Flow, Home } from "./home.ts";
import { filled } from "./physics.ts";
import { slotCost } from "./slot-cost.ts";

/** Net energy of the home in each slot without PV curtailment, Wh; positive is import. */
export function netOf(home: Home, flows: readonly Flow[]): Float64Array {
  const net = Float64Array.from(home.baseWh);
  for (let slot = 0; slot < net.length; slot += 1) {
    let wh = (net[slot] as number) - (home.pvWh[slot] as number);
    for (const flow of flows) wh += (flow.in[slot] as number) - (flow.out[slot] as number);
    net[slot] = wh;
  }
  return net;
}

/** Highest mean import of a slot above what has been paid for already, W. */
export function peakAboveW(home: Home, net: Float64Array): number {
  if (!home.capacity) return 0;
  let peak = home.capacity.alreadyW;
  for (const [slot, wh] of net.entries()) peak = Math.max(peak, wh / (home.hours[slot] ?? 1));
  return peak - home.capacity.alreadyW;
}

/** Money of a plan with the price of every wish and limit that it misses: what all engines make as small as they can. */
export function objective(home: Home, flows: readonly Flow[]): number {
  const net = netOf(home, flows);
  let money = peakAboveW(home, net) * (home.capacity?.pricePerW ?? 0);
  for (const [slot, wh] of net.entries()) money += slotCost(home, slot, wh);
  for (const [index, device] of home.devices.entries()) {
    const flow = flows[index];
    if (flow) money += deviceMoney(device, flow);
  }
  return money;
}

/** Wear, starts, missed wishes and the value of what is left, of one appliance. */
export function deviceMoney(device: Device, flow: Flow): number {
  const slots = device.keep.length;
  let money = 0;
  let fill = device.initial;
  let on = device.run.wasOn;
  for (let slot = 0; slot < slots; slot += 1) {
    const taken = flow.in[slot] as number;
    const given = flow.out[slot] as number;
    fill = filled(device, slot, fill, taken, given);
    money += (taken + given) * device.wear;
    const low = device.low[slot] as number;
    const high = device.high[slot] as number;
    if (fill < low) money += (low - fill) * device.shortfallPrice;
    if (fill > high) money += (fill - high) * device.shortfallPrice;
    const demand = device.demand[slot] as number;
    if (demand > taken) money += demandMissed(device, slot, fill, taken) * device.shortfallPrice;
    const runs = taken > 0;
    if (runs && !on) money += device.run.startCost;
    on = runs;
  }
  return money - (slots > 0 ? fill : 0) * device.finalValue;
}

/** Energy that a demand misses in a slot, Wh; nothing once it is full. */
export function demandMissed(device: Device, slot: number, fillAfter: number, taken: number): number {
  const gain = device.gain[slot] ?? 1;
  const room = gain > 0 ? Math.max(0, device.ceiling - fillAfter) / gain : Infinity;
  return Math.max(0, Math.min((device.demand[slot] ?? 0) - taken, room));
}
