import type { Device, RunRules } from "./home.ts";

/** What runs and rests as it likes. */
export const noRules: Readonly<RunRules> = {
  minOn: 1,
  minOff: 1,
  maxOff: Infinity,
  once: false,
  startCost: 0,
  wasOn: false,
  mustStay: 0,
  mayStayOff: Infinity,
};

/** Whether anything binds it, or costs, when it goes on or off. */
export const isRuled = ({ minOn, minOff, maxOff, once, startCost, mustStay }: RunRules): boolean =>
  minOn > 1 || minOff > 1 || Number.isFinite(maxOff) || once || startCost > 0 || mustStay > 0;

/** Rules as a problem says them, in minutes. */
interface RulesInMinutes {
  minOn: number;
  minOff: number;
  /** Longest time off in one piece; undefined where it may stay off. */
  maxOff?: number;
  once: boolean;
  startCost: number;
  wasOn: boolean;
  /** How long it has stood so. */
  wasFor: number;
}

/**
 * In slots: least times are rounded up, most times down. A rest that is longer than it may be off stands above that: it protects
 * the appliance.
 * @param hours length of each slot
 */
export function runRules(said: RulesInMinutes, hours: Float64Array): RunRules {
  const { once, startCost, wasOn, wasFor } = said;
  const up = (minutes: number): number => Math.ceil(slotsIn(minutes, hours) - rounding);
  const down = (minutes: number): number => Math.floor(slotsIn(minutes, hours) + rounding);
  const [minOn, minOff] = [Math.max(1, up(said.minOn)), Math.max(1, up(said.minOff))];
  const longest = said.maxOff === undefined ? Infinity : down(said.maxOff);
  const maxOff = longest > 0 || said.minOff > (said.maxOff ?? Infinity) ? Math.max(longest, minOff) : 0;
  const free = !wasOn && (once || maxOff === 0);
  const mustStay = free ? 0 : Math.max(0, up((wasOn ? said.minOn : said.minOff) - wasFor));
  const mayStayOff = said.maxOff === undefined || wasOn ? Infinity : Math.max(mustStay, down(said.maxOff - wasFor));
  return withinPlan({ minOn, minOff, maxOff, once, startCost, wasOn, mustStay, mayStayOff }, hours.length);
}

/** 20 minutes are two slots of 10, whatever a third of an hour is in binary. */
const rounding = 1e-9;

/** By the most usual slot: the first one may be cut short. */
export function slotsIn(minutes: number, hours: Float64Array): number {
  const usual = hours.toSorted()[Math.floor(hours.length / 2)] ?? 1;
  return minutes / 60 / usual;
}

/**
 * Rules without more than can count within `slots`: a rest of a million slots says no more than one that outlasts the plan, and
 * would cost the memory of a million.
 */
function withinPlan(run: RunRules, slots: number): RunRules {
  const cap = slots + 1;
  return {
    ...run,
    minOn: Math.min(run.minOn, cap),
    minOff: Math.min(run.minOff, cap),
    maxOff: run.maxOff > slots ? Infinity : run.maxOff,
    mustStay: Math.min(run.mustStay, cap),
    mayStayOff: run.mayStayOff > slots ? Infinity : run.mayStayOff,
  };
}

const leastRunW = 1;

/** A run is told from a rest by what is drawn: who names no least power draws a watt at least while it runs. */
export function drawsWhileOn(device: Device, hours: Float64Array): Float64Array {
  if (!isRuled(device.run) || device.onOff || device.ownWill || device.profile) return device.minIn;
  return device.minIn.map((wh, slot) => Math.max(wh, Math.min(leastRunW * (hours[slot] ?? 0), device.maxIn[slot] ?? 0)));
}
