import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { clearSkyWm2, cloudySkyWm2 } from "./clear-sky.ts";
import type { WeatherPoint, WeatherProvider } from "./weather-provider.ts";

/** A point of the forecast with its irradiance. */
export interface ForecastPoint extends WeatherPoint {
  /** The irradiance is worked out from sun and clouds; else the source said it, or nobody knows it. */
  isEstimated: boolean;
}

/** How the keeper stands. */
export interface WeatherState {
  provider: string;
  /** Where the newest forecast ends; null without one. */
  untilMs: number | null;
  fetchedMs: number | null;
  failure: { code: string; message: string } | null;
}

/** Fetches the forecast and keeps the newest in memory: an old one is of no use after a restart. */
export interface WeatherKeeper {
  /** From the point that holds at present on; empty where none is known. */
  forecast(): ForecastPoint[];
  state(): WeatherState;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const leastMs = 30 * minuteMs;

/** Begins to fetch. Nothing it meets ends the program. @param options.random from 0 to 1 */
export function startWeatherKeeper(options: {
  provider: WeatherProvider;
  latitude: number;
  longitude: number;
  clock: Clock;
  log: Log;
  random: () => number;
  signal: AbortSignal;
}): WeatherKeeper {
  const { provider, latitude, longitude, clock, log, random, signal } = options;
  let points: WeatherPoint[] = [];
  let fetchedMs: number | null = null;
  let failure: WeatherState["failure"] = null;
  let inVain = 0;

  const round = async (): Promise<void> => {
    if (signal.aborted) return;
    let waitMs: number;
    try {
      const answer = await clock.hold(provider.fetch(signal));
      points = answer.points;
      fetchedMs = clock.now();
      if (failure) log.info({ provider: provider.name }, "weather forecast is there again");
      failure = null;
      inVain = 0;
      // At its expiry everybody would ask at once.
      waitMs = Math.max((answer.expiresMs ?? 0) - clock.now(), leastMs) * (1 + random() / 10);
    } catch (error) {
      if (signal.aborted) return;
      const code = errorCode(error);
      if (failure?.code !== code)
        log.warn({ provider: provider.name, code, error: errorMessage(error) }, "weather forecast could not be fetched");
      failure = { code, message: errorMessage(error) };
      waitMs = Math.min(minuteMs * 2 ** Math.min(inVain++, 10), hourMs) * (0.75 + random() / 2);
    }
    clock.after(Math.min(waitMs, 12 * hourMs), round, signal);
  };
  clock.after(0, round, signal);

  return {
    forecast() {
      const nowMs = clock.now();
      const first = points.findLastIndex(({ startMs }) => startMs <= nowMs);
      return points.slice(Math.max(first, 0)).map((point, index, rest) => {
        if (point.irradianceWm2 !== null || point.cloudPercent === null) return { ...point, isEstimated: false };
        const untilMs = rest[index + 1]?.startMs ?? point.startMs + hourMs;
        const clear = clearSkyWm2((point.startMs + untilMs) / 2, latitude, longitude);
        return { ...point, irradianceWm2: Math.round(cloudySkyWm2(clear, point.cloudPercent)), isEstimated: true };
      });
    },
    state: () => ({ provider: provider.name, untilMs: points.at(-1)?.startMs ?? null, fetchedMs, failure }),
  };
}
