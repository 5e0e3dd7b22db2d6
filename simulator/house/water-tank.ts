import { type LocalTime, secondOfDay } from "./local-day.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** A hot-water tank of 200 l, taken as one well-mixed body, with its own thermostat behind a contact. */
export interface WaterTank {
  temperatureC: number;
  /** The thermostat calls for heat. */
  calling: boolean;
}

/** What the heating element draws, W. */
export const tankElementW = 2000;
/** Heat that warms the water by 1 K, J: 200 l at 4186 J/(kg K). */
export const tankJPerK = 200 * 4186;
/** The thermostat stops at one and calls again at the other. */
const maxC = 78;
const backOnC = 73;
const lossWPerK = 1.4;
const cellarC = 18;

/** What the people draw on a day: heat in Wh, spread evenly over the window; each day differs by 10 % up or down. */
const draws = [
  { name: "shower-morning", fromS: secondOfDay("06:40"), toS: secondOfDay("07:40"), wh: 2300 },
  { name: "noon", fromS: secondOfDay("12:15"), toS: secondOfDay("12:45"), wh: 400 },
  { name: "dishes", fromS: secondOfDay("18:30"), toS: secondOfDay("19:15"), wh: 900 },
  { name: "shower-evening", fromS: secondOfDay("20:30"), toS: secondOfDay("21:30"), wh: 1800 },
];

/** The tank as it stands when a simulation begins. */
export function tankAt(random: SeededRandom): WaterTank {
  return { temperatureC: 60 + 3 * random("tank-start", 0), calling: true };
}

/** Heat drawn at this moment, W. */
export function tankDrawW(time: LocalTime, random: SeededRandom): number {
  for (const draw of draws)
    if (time.secondOfDay >= draw.fromS && time.secondOfDay < draw.toS)
      return (draw.wh * 3600 * (0.9 + 0.2 * random(draw.name, time.day))) / (draw.toS - draw.fromS);
  return 0;
}

/** Lets some seconds pass. Gives the power drawn, W. */
export function stepTank(tank: WaterTank, time: LocalTime, stepS: number, closed: boolean, random: SeededRandom): number {
  if (tank.temperatureC >= maxC) tank.calling = false;
  else if (tank.temperatureC <= backOnC) tank.calling = true;
  const powerW = closed && tank.calling ? tankElementW : 0;
  const lossW = lossWPerK * (tank.temperatureC - cellarC);
  tank.temperatureC += ((powerW - lossW - tankDrawW(time, random)) * stepS) / tankJPerK;
  return powerW;
}
