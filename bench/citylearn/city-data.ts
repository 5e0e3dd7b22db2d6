import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** The challenge's year by hour. */
export interface CityData {
  /** Net load of each home without a battery is load - PV, kWh an hour. */
  loadKwh: Float64Array[];
  pvKwh: Float64Array[];
  /** Money per kWh and kg CO2 per kWh. */
  price: number[];
  carbon: number[];
}

const files = [
  "citylearn2022_17homes_load_pv_60min.csv.gz",
  "citylearn2022_pricing.csv.gz",
  "citylearn2022_carbon_intensity.csv.gz",
];
/** Installed PV of each home, kW, as the challenge's schema sets it. */
const installedKw = [4, 4, 4, 5, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5];

/** Names of the files that are missing in a folder. */
export const missingCityFiles = (folder: string): string[] => files.filter((file) => !existsSync(join(folder, file)));

/** Reads the year of the 17 homes. */
export function cityData(folder: string): CityData {
  const [homes = [], price = [], carbon = []] = files.map((file) =>
    gunzipSync(readFileSync(join(folder, file)))
      .toString("utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",").map(Number)),
  );
  const column = (at: number, factor = 1): Float64Array => Float64Array.from(homes, (row) => (row[at] ?? 0) * factor);
  return {
    loadKwh: installedKw.map((_, home) => column(3 + home)),
    pvKwh: installedKw.map((kW, home) => column(3 + installedKw.length + home, kW / 1000)),
    price: price.map(([money = 0]) => money),
    carbon: carbon.map(([kg = 0]) => kg),
  };
}
