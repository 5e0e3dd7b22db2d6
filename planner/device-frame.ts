import { AppError } from "../core/app-error.ts";
import type { Device, RunRules } from "./home.ts";
import type { ApplianceProblem } from "./problem.ts";
import { noRules, runRules } from "./run-rules.ts";
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
    run: { ...noRules },
    profile: null,
    ownWill: false,
    state: whole,
  };
}

/** Rules for going on and off; what may be locked off is free for a while between two locks. */
export function runOf(one: Of<"deferrable"> | Of<"water_heater"> | Of<"heat_pump">, { hours, path, notes }: Frame): RunRules {
  const lock = one.type === "heat_pump" ? one.max_lock_minutes : undefined;
  if (lock !== undefined && one.min_off_minutes > lock)
    notes.push(`${path}.min_off_minutes is above max_lock_minutes; it rests as long as it must`);
  return runRules(
    {
      minOn:
        lock === undefined || one.type !== "heat_pump" ? one.min_on_minutes : Math.max(one.min_on_minutes, one.min_free_minutes),
      minOff: one.min_off_minutes,
      ...(lock !== undefined && { maxOff: lock }),
      once: one.single_window,
      startCost: one.start_cost,
      wasOn: one.was_on ?? lock !== undefined,
      wasFor: one.was_for_minutes,
    },
    hours,
  );
}

/** @throws AppError plan-bad-appliance where an appliance that may run weaker has a least power above its most */
export function leastPower(one: { on_off: boolean; min_power_w: number; power_w: number }, path: string): void {
  if (!one.on_off && one.min_power_w > one.power_w)
    bad(`${path}.min_power_w`, `${one.min_power_w} is above power_w ${one.power_w}`, "at most power_w");
}

/** @throws AppError plan-bad-appliance */
export function bad(path: string, found: string, expected: string): never {
  throw new AppError("plan-bad-appliance", `${path}: ${found}; expected ${expected}`);
}
