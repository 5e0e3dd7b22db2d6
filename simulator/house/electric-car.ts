import { type LocalTime, secondOfDay } from "./local-day.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** A car on a single-phase 16 A charger behind a contact. */
export interface ElectricCar {
  plugged: boolean;
  /** Energy it came home short of, and how much of that it has got, J. */
  needJ: number;
  chargedJ: number;
}

/** What the charger draws, W. */
export const carChargeW = 3680;
/** Seconds of the local day. */
const leavesAtS = secondOfDay("07:30");
/** It is at home from 18:00 at the latest. */
const arrivesFromS = secondOfDay("17:40");
const arrivalSpreadS = 1200;
const jPerWh = 3600;

/** Need of the car that comes home on a local day: 5 to 9 kWh. */
function needWh(random: SeededRandom, day: number): number {
  return 5000 + Math.floor(random("car-need", day) * 4001);
}

/** The car as it stands when a simulation begins: at night it is at home with what is left of the night before it. */
export function carAt(time: LocalTime, random: SeededRandom): ElectricCar {
  const atNight = time.secondOfDay >= secondOfDay("18:00") || time.secondOfDay < secondOfDay("04:00");
  if (!atNight) return { plugged: false, needJ: 0, chargedJ: 0 };
  const hoursLeft = time.secondOfDay < leavesAtS ? (secondOfDay("07:00") - time.secondOfDay) / 3600 : 13;
  return {
    plugged: true,
    needJ: Math.min(needWh(random, time.day), Math.floor(carChargeW * hoursLeft * 0.7)) * jPerWh,
    chargedJ: 0,
  };
}

/** Lets one second to some seconds pass. Gives the power drawn, W, constant through the step. */
export function stepCar(car: ElectricCar, time: LocalTime, stepS: number, closed: boolean, random: SeededRandom): number {
  if (car.plugged && time.secondOfDay >= leavesAtS && time.secondOfDay < arrivesFromS) {
    car.plugged = false;
    car.needJ = 0;
    car.chargedJ = 0;
  }
  const arrivesAtS = arrivesFromS + Math.floor(random("car-arrival", time.day) * arrivalSpreadS);
  if (!car.plugged && time.secondOfDay >= arrivesAtS) {
    car.plugged = true;
    car.needJ = needWh(random, time.day) * jPerWh;
    car.chargedJ = 0;
  }
  const leftJ = car.needJ - car.chargedJ;
  if (!car.plugged || !closed || leftJ <= 0) return 0;
  const powerW = Math.min(carChargeW, Math.floor(leftJ / stepS));
  if (powerW === 0) {
    car.chargedJ = car.needJ;
    return 0;
  }
  car.chargedJ += powerW * stepS;
  return powerW;
}
