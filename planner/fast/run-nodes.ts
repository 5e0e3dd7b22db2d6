import type { Device } from "../home.ts";

/**
 * Where an appliance stands in its rules for going on and off. `off` and `on` are the nodes after a slot off or on, -1 where
 * the rules forbid it.
 */
export interface RunNode {
  isOn: boolean;
  off: number;
  on: number;
  /** Step of a programme that an "on" runs, else -1. */
  step: number;
  /** Money that is lost where the plan ends here. */
  endCost: number;
}

/** The rules of one appliance as a small machine; the plan begins in `first`. */
export interface RunNodes {
  nodes: RunNode[];
  first: number;
}

/** The machine of an appliance: one node where no rule binds it. */
export function runNodes(device: Device): RunNodes {
  if (device.profile) return programme(device, device.profile);
  const { minOn, minOff, maxOff, once, startCost, wasOn, wasFor } = device.run;
  if (minOn <= 1 && minOff <= 1 && maxOff === Infinity && !once && startCost === 0)
    return { nodes: [{ isOn: false, off: 0, on: 0, step: -1, endCost: 0 }], first: 0 };
  const offLast = Number.isFinite(maxOff) ? Math.max(maxOff, minOff) : Math.max(1, minOff);
  const onLast = Math.max(1, minOn);
  // Off for 1..offLast slots, on for 1..onLast slots, and done where it runs only once.
  const off = (age: number): number => Math.min(age, offLast) - 1;
  const on = (age: number): number => offLast + Math.min(age, onLast) - 1;
  const done = offLast + onLast;
  const nodes: RunNode[] = [];
  for (let age = 1; age <= offLast; age += 1) {
    const mayStay = maxOff === Infinity || age < maxOff;
    nodes.push({ isOn: false, off: mayStay ? off(age + 1) : -1, on: age >= minOff || once ? on(1) : -1, step: -1, endCost: 0 });
  }
  for (let age = 1; age <= onLast; age += 1)
    nodes.push({ isOn: true, off: age >= minOn ? (once ? done : off(1)) : -1, on: on(age + 1), step: -1, endCost: 0 });
  if (once) nodes.push({ isOn: false, off: done, on: -1, step: -1, endCost: 0 });
  return { nodes, first: wasOn ? on(Math.max(1, wasFor)) : off(Math.max(1, wasFor)) };
}

/** Waiting, each step, done. */
function programme(device: Device, profile: Float64Array): RunNodes {
  const missed = profile.reduce((sum, wh) => sum + wh, 0) * device.shortfallPrice;
  const nodes: RunNode[] = [{ isOn: false, off: 0, on: 1, step: 0, endCost: missed }];
  for (let step = 1; step < profile.length; step += 1) nodes.push({ isOn: true, off: -1, on: step + 1, step, endCost: missed });
  nodes.push({ isOn: false, off: profile.length, on: -1, step: -1, endCost: 0 });
  return { nodes, first: 0 };
}
