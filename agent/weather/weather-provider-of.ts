import type { WeatherYaml } from "../config/prices-schema.ts";
import { metNo } from "./met-no.ts";
import { openMeteo } from "./open-meteo.ts";
import type { WeatherProvider } from "./weather-provider.ts";

/** The source that a configuration names. */
export function weatherProviderOf(options: WeatherYaml): WeatherProvider {
  if (options.provider === "open_meteo") return openMeteo(options);
  return metNo({ ...options, altitudeM: options.altitude_m ?? null });
}
