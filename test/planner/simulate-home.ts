import type { ApplianceProblem, Problem } from "../../planner/problem.ts";

/**
 * The physics of a plan, apart from the planner's own: small steps of the differential equations, from the problem as it was
 * written. Problems whose series are all arrays or numbers, with slots of one length.
 */
export interface Simulated {
  /** By appliance: fill at the end of each slot, Wh or °C; undefined where it has none. */
  ends: Map<string, number[]>;
  /** What is against the rules, in words. */
  faults: string[];
  importWh: number[];
  exportWh: number[];
}

type One = number | null | readonly (number | null)[];
const at = (input: One | undefined, slot: number, otherwise = 0): number =>
  (typeof input === "object" && input !== null ? input[slot] : input) ?? otherwise;
const steps = 900;

export function simulateHome(
  problem: Problem,
  slots: number,
  powers: ReadonlyMap<string, readonly number[]>,
  curtailedWh: readonly number[],
): Simulated {
  const h = (problem.slot_minutes ?? 60) / 60;
  const faults: string[] = [];
  const ends = new Map<string, number[]>();
  for (const one of problem.appliances) {
    const watts = powers.get(one.name) ?? [];
    const fills = fill(one, watts, slots, h);
    if (fills) ends.set(one.name, fills);
    faults.push(...runFaults(one, watts, h, fills), ...lockFaults(one, watts, h));
  }
  const net = Array.from({ length: slots }, (_, slot) => {
    const appliances = [...powers.values()].reduce((sum, watts) => sum + (watts[slot] ?? 0), 0);
    return (at(problem.base_load_w, slot) - at(problem.pv_w, slot) + appliances) * h + (curtailedWh[slot] ?? 0);
  });
  for (const [slot, wh] of net.entries())
    if (wh > at(problem.grid.import_limit_w, slot, Infinity) * h + 0.5)
      faults.push(`import ${wh.toFixed(1)} Wh in slot ${slot} is above the limit`);
  return { ends, faults, importWh: net.map((wh) => Math.max(0, wh)), exportWh: net.map((wh) => Math.max(0, -wh)) };
}

/** Fill at the end of each slot by small steps. */
function fill(one: ApplianceProblem, watts: readonly number[], slots: number, h: number): number[] | undefined {
  const dt = h / steps;
  const ends: number[] = [];
  if (one.type === "battery" || one.type === "ev") {
    let wh = one.initial_wh ?? 0;
    const leak = -Math.log(1 - one.leakage_per_hour);
    for (let slot = 0; slot < slots; slot += 1) {
      const w = watts[slot] ?? 0;
      // What leaks out of a store is lost before the slot's energy comes in, as the problem's share an hour says.
      wh *= Math.exp(-leak * h);
      for (let step = 0; step < steps; step += 1) wh += (w >= 0 ? w * one.charge_efficiency : w / one.discharge_efficiency) * dt;
      if (one.type === "ev") wh -= at(one.usage_wh, slot);
      ends.push(wh);
    }
    return ends;
  }
  if (one.type !== "water_heater" && one.type !== "heat_pump") return undefined;
  const capacity = one.type === "water_heater" ? one.litres * 1.163 : one.capacity_wh_per_k;
  let c = one.initial_c ?? 0;
  for (let slot = 0; slot < slots; slot += 1) {
    const around = one.type === "water_heater" ? at(one.ambient_c, slot) : at(one.outdoor_c, slot);
    const gain = one.type === "heat_pump" ? at(one.gain_w, slot) : 0;
    for (let step = 0; step < steps; step += 1)
      c += (((watts[slot] ?? 0) * at(one.cop, slot, 1) + gain - one.loss_w_per_k * (c - around)) * dt) / capacity;
    // People take their water at the end of the slot.
    if (one.type === "water_heater") c -= at(one.draw_wh, slot) / capacity;
    ends.push(c);
  }
  return ends;
}

/** Powers that the appliance cannot run at, and runs and rests that are too short. */
function runFaults(one: ApplianceProblem, watts: readonly number[], h: number, fills: readonly number[] | undefined): string[] {
  const faults: string[] = [];
  const fault = (slot: number, why: string): void => void faults.push(`${one.name} in slot ${slot}: ${why}`);
  for (const [slot, w] of watts.entries()) {
    if (one.type === "battery" || one.type === "ev") {
      if (w > one.charge_max_w + 0.5 || w < -one.discharge_max_w - 0.5) fault(slot, `${w} W is beyond its power`);
      const [demandW, end] = [Math.min(at(one.demand_w, slot), one.charge_max_w), fills?.[slot] ?? 0];
      // What must charge until it is full may end weakly.
      const isFull = end > (one.capacity_wh ?? Infinity) - 1;
      if (w > 0.5 && w < one.charge_min_w - 0.5 && !(demandW > 0 && isFull)) fault(slot, `${w} W is below its least`);
      if (demandW > 0 && w < demandW - 0.5 && !isFull) fault(slot, `${w} W is less than demanded`);
    }
    if (one.type === "water_heater" || one.type === "heat_pump" || one.type === "deferrable") {
      if (w < -0.5 || w > one.power_w + 0.5) fault(slot, `${w} W is beyond its power`);
      const least = one.on_off ? one.power_w : one.min_power_w;
      if (w > 0.5 && w < least - 0.5) fault(slot, `${w} W is below its least`);
    }
  }
  if (!("min_on_minutes" in one)) return faults;
  const over = one.type === "deferrable" && typeof one.until === "number" ? one.until : Infinity;
  let [on, since] = [one.was_on ?? false, -one.was_for_minutes / 60 / h];
  for (const [slot, w] of watts.entries()) {
    const now = w > 0;
    if (now === on) continue;
    const lasted = (slot - since) * h * 60;
    // The end of its window ends a run, however short.
    if (on && lasted < one.min_on_minutes - 1e-6 && slot < over && !cutAtStart(one, slot))
      fault(slot, `was on for ${lasted} min only`);
    if (!on && lasted < one.min_off_minutes - 1e-6) fault(slot, `was off for ${lasted} min only`);
    [on, since] = [now, slot];
  }
  return faults;
}

/** It was on, but its window has not begun. */
const cutAtStart = (one: ApplianceProblem, slot: number): boolean =>
  one.type === "deferrable" && slot === 0 && typeof one.from === "number" && one.from > 0;

/** Locks that are too long, and times between two of them that are too short. */
function lockFaults(one: ApplianceProblem, watts: readonly number[], h: number): string[] {
  if (one.type !== "heat_pump" || one.max_lock_minutes === undefined) return [];
  // Its rest stands above, and is rounded up to slots.
  const most = Math.max(one.max_lock_minutes, one.min_off_minutes > 0 ? one.min_off_minutes + h * 60 : 0);
  const faults: string[] = [];
  const was = one.was_on ?? true;
  let off = was ? 0 : one.was_for_minutes;
  for (const [slot, w] of watts.entries()) {
    off = w > 0 ? 0 : off + h * 60;
    // What was off too long already can only be let go at once.
    if (w === 0 && off > most + 1e-6) faults.push(`${one.name} in slot ${slot}: locked for ${off} min`);
  }
  return faults;
}
