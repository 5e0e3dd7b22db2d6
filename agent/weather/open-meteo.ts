import { z } from "zod";
import { askService, badReply, goodJson } from "../ask-service.ts";
import { placeOf, pointOf, type WeatherAnswer, type WeatherProvider } from "./weather-provider.ts";

const list = z.array(z.unknown()).max(2000);
const Forecast = z.object({
  hourly: z.object({
    time: z.array(z.number()).max(2000),
    temperature_2m: list,
    cloud_cover: list.default([]),
    shortwave_radiation: list.default([]),
  }),
});

const hourMs = 3_600_000;

/** Forecasts in the form of open-meteo.com, in hours and with irradiance. */
export function openMeteo(options: { url: string; latitude: number; longitude: number }): WeatherProvider {
  return {
    name: "open_meteo",
    async fetch(signal): Promise<WeatherAnswer> {
      const url = new URL(options.url);
      const { lat, lon } = placeOf(options);
      const query = {
        latitude: lat,
        longitude: lon,
        hourly: "temperature_2m,cloud_cover,shortwave_radiation",
        timeformat: "unixtime",
        timezone: "GMT",
        forecast_days: "3",
      };
      for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
      const checked = Forecast.safeParse(goodJson(url, await askService({ url, signal })));
      if (!checked.success) throw badReply(url, z.prettifyError(checked.error), checked.error);
      return { ...openMeteoPoints(checked.data), expiresMs: null };
    },
  };
}

/** Points in a forecast. Its irradiance is the mean of the hour before its time, so that of an hour stands at the next. */
export function openMeteoPoints({ hourly }: z.infer<typeof Forecast>): Pick<WeatherAnswer, "points" | "gaps"> {
  const radiation = new Map(hourly.time.map((second, at) => [second * 1000 - hourMs, hourly.shortwave_radiation[at]]));
  const points = hourly.time.flatMap((second, at) => {
    const startMs = second * 1000;
    const [temperatureC, cloudPercent] = [hourly.temperature_2m[at], hourly.cloud_cover[at]];
    return pointOf({ startMs, temperatureC, cloudPercent, irradianceWm2: radiation.get(startMs) }) ?? [];
  });
  return {
    points: points.toSorted((one, other) => one.startMs - other.startMs),
    gaps: hourly.time.length - points.length,
  };
}
