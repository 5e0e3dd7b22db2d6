import type { Device, RunRules } from "../home.ts";
import { isRuled } from "../run-rules.ts";

/**
 * Where an appliance stands in its rules for going on and off. `off` and `on` are the nodes after a slot off or on, -1 where
 * the rules forbid it; `cut` that after a slot in which it could not run, whatever the rules say.
 */
export interface RunNode {
  isOn: boolean;
  off: number;
  on: number;
  cut: number;
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
  const { minOn, minOff, maxOff, once } = device.run;
  if (!isRuled(device.run)) return { nodes: [{ ...plain, off: 0, on: 0 }], first: 0 };
  const offLast = Number.isFinite(maxOff) ? Math.max(1, maxOff) : minOff;
  // Off for 1..offLast slots, on for 1..minOn slots, and done where it runs only once.
  const off = (age: number): number => Math.min(age, offLast) - 1;
  const on = (age: number): number => offLast + Math.min(age, minOn) - 1;
  const ended = once ? offLast + minOn : off(1);
  const nodes: RunNode[] = [];
  for (let age = 1; age <= offLast; age += 1)
    nodes.push({ ...plain, off: age < maxOff ? off(age + 1) : -1, cut: off(age + 1), on: age >= minOff || once ? on(1) : -1 });
  for (let age = 1; age <= minOn; age += 1)
    nodes.push({ ...plain, isOn: true, off: age >= minOn && maxOff > 0 ? ended : -1, cut: ended, on: on(age + 1) });
  if (once) nodes.push({ ...plain, off: ended, cut: ended, on: -1 });
  return { nodes, first: firstNode(device.run, nodes, { off, on, ended }) };
}

const plain = { isOn: false, cut: 0, step: -1, endCost: 0 };

/** Where it stands before the first slot; in nodes of its own where no other one is like it. */
function firstNode(
  { minOn, minOff, maxOff, wasOn, mustStay, mayStayOff }: RunRules,
  nodes: RunNode[],
  { off, on, ended }: { off: (age: number) => number; on: (age: number) => number; ended: number },
): number {
  const age = (wasOn ? minOn : minOff) - mustStay;
  if (wasOn && age >= 1) return on(age);
  if (!wasOn && age >= 1 && maxOff === Infinity) return off(age);
  const first = nodes.length;
  if (wasOn) nodes.push({ ...plain, isOn: true, off: -1, cut: ended, on: on(1) });
  else if (maxOff === Infinity) nodes.push({ ...plain, off: off(1), cut: off(1), on: -1 });
  else
    for (let slot = 0; slot <= mayStayOff; slot += 1) {
      const last = slot === mayStayOff;
      nodes.push({
        ...plain,
        off: last ? -1 : first + slot + 1,
        cut: first + slot + (last ? 0 : 1),
        on: slot >= mustStay ? on(1) : -1,
      });
    }
  return first;
}

/** Waiting, each step, done. */
function programme(device: Device, profile: Float64Array): RunNodes {
  const missed = profile.reduce((sum, wh) => sum + wh, 0) * device.shortfallPrice;
  const nodes: RunNode[] = [{ ...plain, off: 0, on: 1, step: 0, endCost: missed }];
  for (let step = 1; step < profile.length; step += 1)
    nodes.push({ ...plain, isOn: true, off: -1, on: step + 1, step, endCost: missed });
  nodes.push({ ...plain, off: profile.length, on: -1 });
  return { nodes, first: 0 };
}
