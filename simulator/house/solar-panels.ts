import type { LocalTime } from "./local-day.ts";
import { type SeededRandom, smoothNoise } from "./seeded-random.ts";

/** Of a house whose roof nobody has said anything of. */
export const usualPeakW = 4000;
const latitude = (52.1 * Math.PI) / 180;
const longitudeDeg = 5.2;

/** Sine of the sun's height over Utrecht; below 0 at night. */
export function sunHeight(time: LocalTime): number {
  // Day of the year is enough to a day or so; 1970-01-01 was day 1.
  const dayOfYear = (((time.day % 365.2425) + 365.2425) % 365.2425) + 1;
  const declination = ((-23.44 * Math.PI) / 180) * Math.cos((2 * Math.PI * (dayOfYear + 10)) / 365.2425);
  const solarS = time.secondOfDay - time.offsetS + longitudeDeg * 240;
  const hourAngle = (2 * Math.PI * (solarS - 43_200)) / 86_400;
  return Math.sin(latitude) * Math.sin(declination) + Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
}

/** Output of panels of a peak power, integer W: clear sky, dimmed by the day's haze and passing clouds. */
export function solarW(time: LocalTime, random: SeededRandom, peakW: number): number {
  const height = sunHeight(time);
  if (height <= 0) return 0;
  const atS = time.day * 86_400 + time.secondOfDay;
  const haze = 0.55 + 0.45 * random("haze", time.day);
  const cloud = 0.7 + 0.3 * smoothNoise(random, "cloud", atS, 300);
  // Panels tilted to the south gain in winter, when the sun stands low.
  return Math.round(peakW * Math.min(1, 1.6 * height ** 1.2) * haze * cloud);
}
