import type { WeatherPoint } from "./weather-provider.ts";

const hourMs = 3_600_000;

/**
 * Sunshine foretold for an instant, W/m²; undefined before the first point and beyond the last.
 * @param points in order of time; each holds until the next one, the last for an hour
 */
export function sunshineAt(points: readonly WeatherPoint[], atMs: number): number | undefined {
  const index = points.findLastIndex(({ startMs }) => startMs <= atMs);
  const untilMs = points[index + 1]?.startMs ?? (points[index]?.startMs ?? 0) + hourMs;
  return atMs < untilMs ? (points[index]?.irradianceWm2 ?? undefined) : undefined;
}
