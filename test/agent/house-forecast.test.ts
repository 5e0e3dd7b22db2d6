import { expect, it } from "vitest";
import { houseForecast } from "../../agent/house-forecast.ts";
import type { HouseHistory } from "../../agent/house-history.ts";
import { slotsBetween } from "../../core/slots.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nowMs = Date.parse("2026-06-20T00:00:00Z");

/** Ten days of panels that give 4 Wh an hour for each W/m2; every other day is cloudy. */
function house(options: { foretold: boolean; tomorrowWm2: number }) {
  const isDay = (atMs: number): boolean => Math.abs(new Date(atMs).getUTCHours() - 12) < 5;
  const sun = (atMs: number): number => (isDay(atMs) ? (Math.floor(atMs / dayMs) % 2 === 0 ? 800 : 200) : 0);
  const pv = slotsBetween(nowMs - 10 * dayMs, nowMs, 60).map(({ startMs, endMs }) => ({ startMs, endMs, wh: 4 * sun(startMs) }));
  const history: HouseHistory = {
    base: () => [],
    pv: () => pv,
    draws: () => [],
    presence: () => [],
    sunshineWm2: () => (atMs) => (options.foretold && atMs < nowMs ? sun(Math.floor(atMs / hourMs) * hourMs) : undefined),
  };
  const weather = slotsBetween(nowMs, nowMs + dayMs, 60).map(({ startMs }) => ({
    startMs,
    temperatureC: 20,
    cloudPercent: null,
    irradianceWm2: isDay(startMs) ? options.tomorrowWm2 : 0,
    isEstimated: false,
  }));
  const forecast = houseForecast({ history, weather, zone: "Europe/Amsterdam", nowMs });
  return { noonW: () => forecast.pvW([{ startMs: nowMs + 12 * hourMs, endMs: nowMs + 13 * hourMs }])[0], forecast };
}

it("foretells PV from the sunshine that is foretold and what came of such sunshine before", () => {
  expect(house({ foretold: true, tomorrowWm2: 600 }).noonW()).toBeCloseTo(2400, 6);
  expect(house({ foretold: true, tomorrowWm2: 100 }).noonW()).toBeCloseTo(400, 6);
});

it("goes by the days before where no sunshine was written down for them", () => {
  const [bright, dull] = [600, 100].map((tomorrowWm2) => house({ foretold: false, tomorrowWm2 }).noonW());
  expect(bright).toBe(dull);
});

it("says how far its PV forecasts were off: with the sunshine foretold, not at all", () => {
  const errorOf = (foretold: boolean): number =>
    house({ foretold, tomorrowWm2: 600 })
      .forecast.quality({ tanks: [], cars: [] })
      .find(({ name }) => name === "PV")?.error ?? Number.NaN;
  expect(errorOf(true)).toBeCloseTo(0, 6);
  expect(errorOf(false)).toBeGreaterThan(100);
});

it("tells a base load that it knows from one that a plan keeps free", () => {
  const { forecast } = house({ foretold: false, tomorrowWm2: 0 });
  const slots = [{ startMs: nowMs, endMs: nowMs + hourMs }];
  expect(forecast.baseW(slots)).toEqual([1500]);
  expect(forecast.knownBaseW(slots)).toEqual([Number.NaN]);
});
