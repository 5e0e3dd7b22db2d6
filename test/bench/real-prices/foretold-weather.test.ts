import { expect, it } from "vitest";
import { foretoldWeather } from "../../../bench/real-prices/foretold-weather.ts";
import { madeTrial } from "./made-trial.ts";

const trial = madeTrial();
const sunny = { ...trial, sunWm2: trial.sunWm2.map(() => 500), all: { ...trial.all, outdoorC: trial.all.outdoorC.map(() => 5) } };
const weather = foretoldWeather(sunny);
const spread = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
/** Off by so much, a slot ahead and a day ahead, over all days. */
const off = (ahead: number, of: (slot: number) => number[], came: number): number[] =>
  Array.from({ length: 300 }, (_, at) => (of(at - 290)[ahead] ?? 0) - came);

it("is off by less for the present hour than a day ahead, by about what is said", () => {
  const [now, tomorrow] = [0, 24].map((ahead) => spread(off(ahead, (slot) => weather.outdoorC(slot, 25), 5))) as [number, number];
  expect(now / tomorrow).toBeCloseTo(0.3, 1);
  expect(tomorrow).toBeGreaterThan(1);
  expect(tomorrow).toBeLessThan(2.7);
  const sun = spread(off(24, (slot) => weather.sunWm2(slot, 25), 500)) / 500;
  expect(sun).toBeGreaterThan(0.2);
  expect(sun).toBeLessThan(0.6);
});

it("foretells no sunshine at night, and never less than none", () => {
  const dark = foretoldWeather({ ...trial, sunWm2: trial.sunWm2.map((_, slot) => (slot % 24 < 12 ? 0 : 500)) });
  const told = dark.sunWm2(0, 48);
  expect(told.filter((_, at) => at % 24 < 12)).toEqual(Array.from({ length: 24 }, () => 0));
  expect(Math.min(...told)).toBeGreaterThanOrEqual(0);
});

it("said of a past hour what it said when the hour began, the same whenever it is asked", () => {
  expect(weather.sunThenWm2(-5)).toBe(weather.sunWm2(-5, 1)[0]);
  expect(foretoldWeather(sunny).sunWm2(3, 24)).toEqual(weather.sunWm2(3, 24));
});
