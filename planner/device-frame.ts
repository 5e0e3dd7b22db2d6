import { AppError } from "../core/app-error.ts";
import type { Device, RunRules } from "./home.ts";
import type { ApplianceProblem } from "./problem.ts";
import type { SeriesInput } from "./series.ts";

/** What all appliances of a problem share. */
export interface Frame {
  hours: Float64Array;
  /** Money for each Wh that a wish misses, where the problem names none. */
  shortfallPrice: number;
  path: string;
  notes: string[];
  series: (input: SeriesInput, path: string, fallback: number) => Float64Array;
  /** Slots from the start for a point in time. */
  slotOf: (when: number | string, path: string) => number;
}

/** A problem's appliance of one type. */
export type Of<T extends ApplianceProblem["type"]> = Extract<ApplianceProblem, { type: T }>;

/** A figure for every slot. */
export const all = (slots: number, value: number): Float64Array => new Float64Array(slots).fill(value);
/** W as Wh in each slot. */
export const energy = ({ hours }: Frame, watts: number): Float64Array => hours.map((h) => watts * h);
const whole: Device["state"] = { unit: "Wh", of: (x) => x };

/** A device that takes nothing and wants nothing; each kind says what is different. */
export function plain(one: ApplianceProblem, frame: Frame): Device {
  const slots = frame.hours.length;
  const run: RunRules = { minOn: 1, minOff: 1, maxOff: Infinity, once: false, startCost: 0, wasOn: false, wasFor: slots };
  return {
    name: one.name,
    type: one.type,
    initial: 0,
    keep: all(slots, 1),
    gain: all(slots, 1),
    drain: 0,
    add: all(slots, 0),
    low: all(slots, -Infinity),
    high: all(slots, Infinity),
    floor: -Infinity,
    ceiling: Infinity,
    minIn: all(slots, 0),
    maxIn: all(slots, 0),
    maxOut: all(slots, 0),
    onOff: false,
    demand: all(slots, 0),
    wear: 0,
    finalValue: 0,
    shortfallPrice: one.shortfall_price_per_kwh === undefined ? frame.shortfallPrice : one.shortfall_price_per_kwh / 1000,
    chargeFromGrid: true,
    dischargeToGrid: true,
    run,
    profile: null,
    ownWill: false,
    state: whole,
  };
}

/** Rules for going on and off, in slots. */
export function runOf(one: Of<"deferrable"> | Of<"water_heater"> | Of<"heat_pump">, frame: Frame): RunRules {
  return {
    minOn: Math.max(1, Math.ceil(minutesToSlots(one.min_on_minutes, frame))),
    minOff: Math.max(1, Math.ceil(minutesToSlots(one.min_off_minutes, frame))),
    maxOff: Infinity,
    once: one.single_window,
    startCost: one.start_cost,
    wasOn: one.was_on ?? false,
    wasFor: Math.floor(minutesToSlots(one.was_for_minutes, frame)),
  };
}

/**
 * Rules without more than can count within `slots`: a rest of a million slots says no more than one that outlasts the plan, and
 * would cost the memory of a million.
 */
export function withinPlan(run: RunRules, slots: number): RunRules {
  const cap = slots + 1;
  const [minOn, minOff] = [Math.min(run.minOn, cap), Math.min(run.minOff, cap)];
  const [own, ownWithin] = run.wasOn ? [run.minOn, minOn] : [run.minOff, minOff];
  const left = own - run.wasFor;
  return {
    ...run,
    minOn,
    minOff,
    // What it still has to stay as it is stays the same.
    wasFor: own > ownWithin && left > 0 ? Math.max(0, ownWithin - left) : run.wasFor,
  };
}

/** @throws AppError plan-bad-appliance where an appliance that may run weaker has a least power above its most */
export function leastPower(one: { on_off: boolean; min_power_w: number; power_w: number }, path: string): void {
  if (!one.on_off && one.min_power_w > one.power_w)
    bad(`${path}.min_power_w`, `${one.min_power_w} is above power_w ${one.power_w}`, "at most power_w");
}

/** By the most usual slot: the first one may be cut short. */
export function minutesToSlots(minutes: number, { hours }: Frame): number {
  const usual = hours.toSorted()[Math.floor(hours.length / 2)] ?? 1;
  return minutes / 60 / usual - 1e-9;
}

/** @throws AppError plan-bad-appliance */
export function bad(path: string, found: string, expected: string): never {
  throw new AppError("plan-bad-appliance", `${path}: ${found}; expected ${expected}`);
}
