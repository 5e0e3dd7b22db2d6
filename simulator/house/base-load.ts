import { type LocalTime, secondOfDay } from "./local-day.ts";
import { type SeededRandom, smoothNoise } from "./seeded-random.ts";

/** Short strong loads; each begins up to half an hour late, day by day. */
const peaks = [
  { name: "kettle", fromS: secondOfDay("07:10"), lastsS: 180, powerW: 2000 },
  { name: "coffee", fromS: secondOfDay("10:00"), lastsS: 120, powerW: 1200 },
  { name: "hob", fromS: secondOfDay("17:50"), lastsS: 1500, powerW: 1800 },
  { name: "oven", fromS: secondOfDay("18:10"), lastsS: 1200, powerW: 1500 },
  { name: "kettle-evening", fromS: secondOfDay("20:15"), lastsS: 180, powerW: 2000 },
];

/** Everything in the house that nobody controls, integer W: 200 to 600 and the peaks. */
export function baseLoadW(time: LocalTime, random: SeededRandom): number {
  const hour = time.secondOfDay / 3600;
  const awake = hour >= 6.5 && hour < 23 ? 1 : 0;
  const atS = time.day * 86_400 + time.secondOfDay;
  let powerW = 200 + 150 * awake + (awake ? 250 : 60) * smoothNoise(random, "base", atS, 420);
  for (const peak of peaks) {
    const startS = peak.fromS + Math.floor(1800 * random(peak.name, time.day));
    if (time.secondOfDay >= startS && time.secondOfDay < startS + peak.lastsS) powerW += peak.powerW;
  }
  return Math.round(powerW);
}
