import type { LocalTime } from "./local-day.ts";
import { type SeededRandom, smoothNoise } from "./seeded-random.ts";

/** The house as one body of heat, and a heat pump with its own thermostat; an open contact blocks the pump. */
export interface HeatedRoom {
  temperatureC: number;
  /** The thermostat calls for heat. */
  calling: boolean;
}

/** What the pump draws while it runs, W. */
export const heatPumpW = 2500;
/** The thermostat: where it is set, and how far off it switches. */
const setC = 20.5;
const bandC = 0.5;
const lossWPerK = 160;
/** Heat that warms the house by 1 K, J: 5 kWh. */
const jPerK = 5 * 3_600_000;
/** Warmth of people, cooking and sun, W. */
const freeHeatW = 300;

/** A winter day: coldest near 05:00, warmest near 15:00, and each day a little different. */
export function outdoorC(time: LocalTime, random: SeededRandom): number {
  const mean = 3 + 4 * (smoothNoise(random, "weather", time.day * 86_400 + time.secondOfDay, 86_400) - 0.5);
  return mean + 3 * Math.cos((2 * Math.PI * (time.secondOfDay / 3600 - 15)) / 24);
}

/** Heat per unit of electricity: 3 at 3 °C outside, less when colder. */
function performance(outsideC: number): number {
  return Math.min(4, Math.max(2, 3 + 0.06 * (outsideC - 3)));
}

/** The room as it stands when a simulation begins. */
export function roomAt(random: SeededRandom): HeatedRoom {
  return { temperatureC: 20.2 + 0.6 * random("room-start", 0), calling: false };
}

/** Lets some seconds pass. Gives the power drawn, W. */
export function stepRoom(room: HeatedRoom, time: LocalTime, stepS: number, closed: boolean, random: SeededRandom): number {
  if (room.temperatureC >= setC + bandC) room.calling = false;
  else if (room.temperatureC <= setC - bandC) room.calling = true;
  const outsideC = outdoorC(time, random);
  const powerW = closed && room.calling ? heatPumpW : 0;
  const netW = powerW * performance(outsideC) + freeHeatW - lossWPerK * (room.temperatureC - outsideC);
  room.temperatureC += (netW * stepS) / jPerK;
  return powerW;
}
