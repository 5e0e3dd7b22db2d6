/** Weather of the time from an instant on, until the next one. */
export interface WeatherPoint {
  startMs: number;
  temperatureC: number;
  /** Share of the sky, 0 to 100; null where it is not said. */
  cloudPercent: number | null;
  /** Global horizontal irradiance, W/m²; null where it is not said. */
  irradianceWm2: number | null;
}

/** What a source of forecasts answered, in order of time. */
export interface WeatherAnswer {
  points: WeatherPoint[];
  /** Not to be asked again before; null where it does not say. */
  expiresMs: number | null;
  /** Points that were left out because they cannot be true. */
  gaps: number;
}

/** A source of weather forecasts. It knows by itself how to ask whether there is news. */
export interface WeatherProvider {
  readonly name: string;
  /** @throws AppError of askService */
  fetch(signal: AbortSignal): Promise<WeatherAnswer>;
}

/** A place as services need it: two decimals are a kilometre, enough for weather and less than an address. */
export function placeOf({ latitude, longitude }: { latitude: number; longitude: number }): { lat: string; lon: string } {
  return { lat: latitude.toFixed(2), lon: longitude.toFixed(2) };
}

/** A point with what can be true of it, or undefined. */
export function pointOf(raw: {
  startMs: number;
  temperatureC: unknown;
  cloudPercent: unknown;
  irradianceWm2: unknown;
}): WeatherPoint | undefined {
  const { startMs, temperatureC } = raw;
  if (!Number.isFinite(startMs) || !isWithin(temperatureC, -90, 60)) return undefined;
  return {
    startMs,
    temperatureC,
    cloudPercent: isWithin(raw.cloudPercent, 0, 100) ? raw.cloudPercent : null,
    irradianceWm2: isWithin(raw.irradianceWm2, 0, 1500) ? raw.irradianceWm2 : null,
  };
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && value >= least && value <= most;
}
