import { z } from "zod";
import { askService, badReply, goodJson } from "../ask-service.ts";
import { placeOf, pointOf, type WeatherAnswer, type WeatherPoint, type WeatherProvider } from "./weather-provider.ts";

const Forecast = z.object({
  properties: z.object({
    timeseries: z
      .array(
        z.object({
          time: z.string(),
          data: z.object({
            instant: z.object({
              details: z.object({ air_temperature: z.unknown().optional(), cloud_area_fraction: z.unknown().optional() }),
            }),
          }),
        }),
      )
      .max(2000),
  }),
});

/**
 * Forecasts of MET Norway (locationforecast 2.0, compact). Its terms: say who asks, cut coordinates, keep to Expires, and ask
 * with If-Modified-Since.
 * @param options.contact mail address or web page of who asks
 */
export function metNo(options: {
  url: string;
  latitude: number;
  longitude: number;
  altitudeM: number | null;
  contact: string;
}): WeatherProvider {
  let kept: { modified: string; points: WeatherPoint[]; gaps: number } | null = null;
  return {
    name: "met_no",
    async fetch(signal): Promise<WeatherAnswer> {
      const url = new URL(options.url);
      for (const [key, value] of Object.entries(placeOf(options))) url.searchParams.set(key, value);
      if (options.altitudeM !== null) url.searchParams.set("altitude", String(options.altitudeM));
      const headers = {
        "user-agent": `smart-mla/1 ${options.contact}`,
        accept: "application/json",
        ...(kept && { "if-modified-since": kept.modified }),
      };
      const reply = await askService({ url, signal, headers });
      const expiresMs = Date.parse(reply.headers.expires ?? "");
      const expires = { expiresMs: Number.isFinite(expiresMs) ? expiresMs : null };
      if (reply.status === 304 && kept) return { points: kept.points, gaps: kept.gaps, ...expires };
      const checked = Forecast.safeParse(goodJson(url, reply));
      if (!checked.success) throw badReply(url, z.prettifyError(checked.error), checked.error);
      const found = metNoPoints(checked.data);
      const modified = reply.headers["last-modified"];
      kept = modified === undefined ? null : { modified, ...found };
      return { ...found, ...expires };
    },
  };
}

/** Points in a forecast; hourly at first, six-hourly later. */
export function metNoPoints({ properties }: z.infer<typeof Forecast>): Pick<WeatherAnswer, "points" | "gaps"> {
  const points = properties.timeseries.flatMap(({ time, data }) => {
    const { air_temperature: temperatureC, cloud_area_fraction: cloudPercent } = data.instant.details;
    return pointOf({ startMs: Date.parse(time), temperatureC, cloudPercent, irradianceWm2: null }) ?? [];
  });
  return {
    points: points.toSorted((one, other) => one.startMs - other.startMs),
    gaps: properties.timeseries.length - points.length,
  };
}
