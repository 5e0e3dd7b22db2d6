import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Figures over time that hold until the next one. */
export interface Timed {
  startMs: Float64Array;
  values: Float64Array;
}

/** Real prices, weather and loads, where they lie beside the checkout; or made ones of the same shape. */
export interface BenchData {
  source: "real" | "made";
  /** Spot price, EUR/MWh. */
  prices: Timed;
  temperatureC: Timed;
  irradianceWm2: Timed;
  /** Base load of each home, W by hour of the year. */
  loadsW: Float64Array[];
}

/** Reads the shared data set from a folder; without it, makes prices and weather. */
export function benchData(folder: string, zone: "DE-LU" | "BE" | "SE4" = "DE-LU"): BenchData {
  const files = {
    "DE-LU": "prices_DE-LU_15min_2025-10_2026-05.csv.gz",
    BE: "prices_BE_60min_2024-01_15min_from_2025-10.csv.gz",
    SE4: "prices_SE4_60min_2022-01_2024-10.csv.gz",
  };
  if (!existsSync(join(folder, files[zone]))) return made();
  const rows = (file: string): string[][] =>
    gunzipSync(readFileSync(join(folder, file)))
      .toString("utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(","));
  const timed = (read: readonly string[][], column: number): Timed => {
    const known = read.filter((row) => row[column] !== undefined && row[column] !== "");
    return {
      startMs: Float64Array.from(known, (row) => Date.parse(row[0] ?? "")),
      values: Float64Array.from(known, (row) => Number(row[column])),
    };
  };
  const weather = rows("weather_BE_60min_2024-01_2025-10.csv.gz");
  const homes = rows("citylearn2022_17homes_load_pv_60min.csv.gz");
  return {
    source: "real",
    prices: timed(rows(files[zone]), 1),
    temperatureC: timed(weather, 1),
    irradianceWm2: timed(weather, 2),
    loadsW: Array.from({ length: 17 }, (_, home) => Float64Array.from(homes, (row) => Number(row[3 + home]) * 1000)),
  };
}

/** The figure in force at an instant. */
export function valueAt({ startMs, values }: Timed, atMs: number): number {
  let [low, high] = [0, startMs.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((startMs[middle] ?? Infinity) <= atMs) low = middle;
    else high = middle - 1;
  }
  return values[low] ?? 0;
}

/** Two hundred days of quarters with a morning and an evening peak, a noon valley, and noise that repeats itself. */
function made(): BenchData {
  const startMs = Date.parse("2025-10-01T00:00:00Z");
  const quarters = Array.from({ length: 200 * 96 }, (_, index) => index);
  const noise = (index: number, scale: number): number =>
    Math.sin(index * 12.9898 + scale) * 0.5 + Math.sin(index * 0.37 + scale * 3) * 0.5;
  const times = Float64Array.from(quarters, (index) => startMs + index * 900_000);
  const hour = (index: number): number => (index / 4) % 24;
  const day = (index: number): number => Math.floor(index / 96);
  const peak = (h: number, at: number, width: number): number => Math.exp(-(((h - at) / width) ** 2));
  const series = (of: (index: number) => number): Timed => ({ startMs: times, values: Float64Array.from(quarters, of) });
  const sunny = (index: number): number => 0.5 + 0.5 * noise(day(index), 2);
  return {
    source: "made",
    prices: series(
      (i) =>
        70 + 90 * peak(hour(i), 18, 2.5) + 50 * peak(hour(i), 8, 2) - 90 * sunny(i) * peak(hour(i), 13, 3) + 25 * noise(i, 1),
    ),
    temperatureC: series(
      (i) => 6 + 8 * Math.cos(((day(i) - 300) / 365) * 2 * Math.PI) + 4 * peak(hour(i), 15, 5) + 3 * noise(day(i), 5),
    ),
    irradianceWm2: series((i) => 600 * sunny(i) * Math.max(0, Math.sin(((hour(i) - 6) / 12) * Math.PI))),
    loadsW: Array.from({ length: 17 }, (_, home) =>
      Float64Array.from(
        { length: 8760 },
        (__, h) => 250 + 30 * home + 900 * peak(h % 24, 19, 2) + 400 * peak(h % 24, 7, 1.5) + 100 * noise(h, home),
      ),
    ),
  };
}
