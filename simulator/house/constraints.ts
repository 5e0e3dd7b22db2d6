import { z } from "zod";
import { nextLocalTime } from "../../core/slots.ts";
import type { ElectricCar } from "./electric-car.ts";
import { houseZone } from "./local-day.ts";

/** Whether one wish of the people came true. Temperatures in °C, energy in Wh; met when value >= limit. */
export const Constraint = z.object({
  name: z.enum(["ev-full", "tank-hot", "room-warm"]),
  /** The deadline; for room-warm the moment of the lowest temperature. */
  atMs: z.number(),
  value: z.number(),
  limit: z.number(),
  met: z.boolean(),
});
export type Constraint = z.infer<typeof Constraint>;

/** Kept for the state file: what is due next and what has been. */
export interface ConstraintState {
  nextTankMs: number;
  nextCarMs: number;
  /** Newest last; bounded. */
  past: Constraint[];
  coldest: { atMs: number; temperatureC: number };
}

/** Deadlines that are remembered. */
const kept = 100;
const tankC = 70;
const roomC = 16;
/** Local times. */
const tankHotBy = "06:30";
const carFullBy = "07:00";

/** What is due from the beginning of a simulation on. */
export function constraintsAt(nowMs: number, roomTemperatureC: number): ConstraintState {
  return {
    nextTankMs: nextLocalTime(tankHotBy, houseZone, nowMs),
    nextCarMs: nextLocalTime(carFullBy, houseZone, nowMs),
    past: [],
    coldest: { atMs: nowMs, temperatureC: roomTemperatureC },
  };
}

/** Looks at the house after a step; true when a deadline was passed. */
export function watchConstraints(
  state: ConstraintState,
  nowMs: number,
  house: { tankC: number; roomC: number; car: ElectricCar },
): boolean {
  if (house.roomC < state.coldest.temperatureC) state.coldest = { atMs: nowMs, temperatureC: house.roomC };
  let passed = false;
  if (nowMs >= state.nextTankMs) {
    keep(state, { name: "tank-hot", atMs: state.nextTankMs, value: tenth(house.tankC), limit: tankC, met: house.tankC >= tankC });
    state.nextTankMs = nextLocalTime(tankHotBy, houseZone, nowMs);
    passed = true;
  }
  if (nowMs >= state.nextCarMs) {
    const { needJ, chargedJ, plugged } = house.car;
    if (plugged) {
      const limit = Math.floor(needJ / 3600);
      keep(state, { name: "ev-full", atMs: state.nextCarMs, value: Math.floor(chargedJ / 3600), limit, met: chargedJ >= needJ });
    }
    state.nextCarMs = nextLocalTime(carFullBy, houseZone, nowMs);
    passed = true;
  }
  return passed;
}

/** All deadlines so far, newest last, and the room's lowest temperature. */
export function constraintList(state: ConstraintState): Constraint[] {
  const { atMs, temperatureC } = state.coldest;
  return [...state.past, { name: "room-warm", atMs, value: tenth(temperatureC), limit: roomC, met: temperatureC >= roomC }];
}

function keep(state: ConstraintState, constraint: Constraint): void {
  state.past.push(constraint);
  if (state.past.length > kept) state.past.shift();
}

const tenth = (value: number): number => Math.floor(value * 10) / 10;
