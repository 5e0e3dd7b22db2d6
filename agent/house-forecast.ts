import type { Slot } from "../core/slots.ts";
import { baseLoadForecast } from "../planner/base-load.ts";
import { drawForecast } from "../planner/draw-forecast.ts";
import { presenceForecast } from "../planner/presence-forecast.ts";
import { pvForecast } from "../planner/pv-forecast.ts";
import type { HouseHistory } from "./house-history.ts";
import type { LocalForecast } from "./plan/local-input.ts";
import { sunshineAt } from "./weather/sunshine-at.ts";
import type { ForecastPoint } from "./weather/weather-keeper.ts";

/** How good one kind of forecast was: what it is off on average, and on how many days it rests. */
export interface ForecastQuality {
  /** "base load", "PV", "hot water of NAME" or "presence of NAME". */
  name: string;
  /** Null while there is not enough history to tell. */
  error: number | null;
  /** W, Wh a day, or a share of wrong slots in percent. */
  unit: "W" | "Wh" | "%";
  days: number;
}

/** What else the house may draw, W: a plan without a history keeps this free. */
const usualBaseW = 1500;

/** Forecasts of a moment, from the home's own history. @param options.weather points in order of time; empty where unknown */
export function houseForecast(options: {
  history: HouseHistory;
  weather: readonly ForecastPoint[];
  zone: string;
  nowMs: number;
}): LocalForecast & {
  /** Base load as `baseW`, NaN where the house's history does not tell. */
  knownBaseW(slots: readonly Slot[]): readonly number[];
  quality(resources: { tanks: readonly string[]; cars: readonly string[] }): ForecastQuality[];
} {
  const { history, weather, zone, nowMs } = options;
  const pointAt = (atMs: number): ForecastPoint | undefined => weather.findLast(({ startMs }) => startMs <= atMs);
  const base = (slots: readonly Slot[], otherwiseW = usualBaseW) =>
    baseLoadForecast(history.base(nowMs), slots, { zone, otherwiseW });
  const pastSunshine = history.sunshineWm2(nowMs);
  const irradianceWm2 = (atMs: number): number | undefined => pastSunshine(atMs) ?? sunshineAt(weather, atMs);
  const pv = (slots: readonly Slot[]) => pvForecast(history.pv(nowMs), slots, { irradianceWm2 });
  const draw = (resource: string, slots: readonly Slot[]) => drawForecast(history.draws(resource, nowMs), slots, { zone });
  const presence = (resource: string, slots: readonly Slot[]) =>
    presenceForecast(history.presence(resource, nowMs), slots, { zone });
  return {
    baseW: (slots) => base(slots).watts,
    knownBaseW: (slots) => base(slots, Number.NaN).watts,
    pvW: (slots) => pv(slots).watts,
    outdoorC: (slots) =>
      weather.length === 0 ? null : slots.map(({ startMs }) => (pointAt(startMs) ?? weather[0])?.temperatureC ?? 0),
    drawWh: (resource, slots) => draw(resource, slots).wh,
    presentShare: (resource, slots) => presence(resource, slots).share,
    quality({ tanks, cars }) {
      const [house, panels] = [base([]), pv([])];
      return [
        { name: "base load", error: house.errorW, unit: "W", days: house.days },
        { name: "PV", error: panels.errorW, unit: "W", days: panels.days },
        ...tanks.map((name): ForecastQuality => {
          const { errorWh, days } = draw(name, []);
          return { name: `hot water of ${name}`, error: errorWh, unit: "Wh", days };
        }),
        ...cars.map((name): ForecastQuality => {
          const { errorShare, days } = presence(name, []);
          return { name: `presence of ${name}`, error: errorShare === null ? null : errorShare * 100, unit: "%", days };
        }),
      ];
    },
  };
}
