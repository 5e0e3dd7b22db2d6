import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Timed } from "../plan/real-data.ts";

/** Bidding zones with real prices. */
export const zones = ["DE-LU", "BE", "SE4"] as const;
export type Zone = (typeof zones)[number];

/** A real home's load, W of each half hour; NaN where nothing was metered. */
export interface HalfHours {
  firstMs: number;
  watts: Float64Array;
}

/** Shares of charging sessions at home, NL. */
export interface EvShares {
  /** Weight of arriving in each quarter of a day. */
  arrivals: { workday: number[]; weekend: number[] };
  /** Mean stay in hours and mean energy in kWh by half hour of arrival. */
  stayH: number[];
  energyKwh: number[];
  /** kWh that 0, 1, ... 100 % of sessions exceed, falling. */
  energyQuantiles: number[];
}

/** All that a trial of real days rests on. */
export interface TrialData {
  /** EUR/MWh. */
  prices: Timed;
  temperatureC: Timed;
  irradianceWm2: Timed;
  homes: HalfHours[];
  ev: EvShares;
  /** Weather exists from here to there. */
  weather: { fromMs: number; untilMs: number };
}

const files = {
  "DE-LU": "prices_DE-LU_15min_2025-10_2026-05.csv.gz",
  BE: "prices_BE_60min_2024-01_15min_from_2025-10.csv.gz",
  SE4: "prices_SE4_60min_2022-01_2024-10.csv.gz",
  weather: "weather_BE_60min_2024-01_2025-10.csv.gz",
  loads: "loads_SGSC_10homes_30min_kWh.csv.gz",
  arrivals: "ev2gym_distribution-of-arrival.csv.gz",
  weekend: "ev2gym_distribution-of-arrival-weekend.csv.gz",
  stays: "ev2gym_mean-session-length-per.csv.gz",
  demands: "ev2gym_mean-demand-per-arrival.csv.gz",
  energies: "ev2gym_distribution-of-energy-demand.csv.gz",
};
const halfHourMs = 1_800_000;

/** Names of the files that are missing in a folder. */
export const missingFiles = (folder: string): string[] => Object.values(files).filter((file) => !existsSync(join(folder, file)));

/** Reads prices, weather, loads and charging habits. */
export function trialData(folder: string, zone: Zone): TrialData {
  const rows = (file: string): string[][] =>
    gunzipSync(readFileSync(join(folder, file)))
      .toString("utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.replaceAll('"', "").split(","));
  const timed = (read: readonly string[][], column: number): Timed => {
    const known = read.filter((row) => row[column] !== undefined && row[column] !== "");
    return {
      startMs: Float64Array.from(known, (row) => Date.parse(row[0] ?? "")),
      values: Float64Array.from(known, (row) => Number(row[column])),
    };
  };
  const weather = rows(files.weather);
  const loads = rows(files.loads);
  const temperatureC = timed(weather, 1);
  return {
    prices: timed(rows(files[zone]), 1),
    temperatureC,
    irradianceWm2: timed(weather, 2),
    homes: Array.from({ length: 10 }, (_, home) => halfHours(loads, home + 1)),
    ev: {
      arrivals: { workday: numbers(rows(files.arrivals), 1), weekend: numbers(rows(files.weekend), 1) },
      stayH: byHalfHour(rows(files.stays)),
      energyKwh: byHalfHour(rows(files.demands)),
      energyQuantiles: quantiles(rows(files.energies)),
    },
    weather: { fromMs: temperatureC.startMs[0] ?? 0, untilMs: temperatureC.startMs.at(-1) ?? 0 },
  };
}

const numbers = (rows: readonly string[][], column: number): number[] => rows.map((row) => Number(row[column]));

/** The column's half hours without gaps in time; what was not metered is NaN. */
function halfHours(rows: readonly string[][], column: number): HalfHours {
  const at = (row: readonly string[] | undefined): number => Date.parse(`${row?.[0]}Z`);
  const firstMs = at(rows[0]);
  const watts = new Float64Array(Math.round((at(rows.at(-1)) - firstMs) / halfHourMs) + 1).fill(Number.NaN);
  for (const row of rows) {
    const kWh = row[column];
    if (kWh !== undefined && kWh !== "") watts[Math.round((at(row) - firstMs) / halfHourMs)] = Number(kWh) * 2000;
  }
  return { firstMs, watts };
}

function byHalfHour(rows: readonly string[][]): number[] {
  const figures = Array.from({ length: 48 }, () => 0);
  for (const [time = "", home] of rows) {
    const [hours = 0, minutes = 0] = time.split(":").map(Number);
    figures[hours * 2 + (minutes >= 30 ? 1 : 0)] = Number(home);
  }
  return figures;
}

/** The file says how much each share of the sessions takes at least; the first row is an outlier above 99 kWh. */
function quantiles(rows: readonly string[][]): number[] {
  return rows.map((row) => Number(row[1]));
}
