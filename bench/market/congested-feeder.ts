import type { FlexibleLoad } from "../../planner/community/flexible-load.ts";
import type { BenchData } from "../plan/real-data.ts";
import { valueAt } from "../plan/real-data.ts";
import { seededRandom } from "../plan/generate-home.ts";

/** Cars and relays on one feeder that would all take the cheapest slots; quarters of an hour from noon to noon. */
export interface CongestedFeeder {
  /** Money per Wh, the same for all. */
  pricePerWh: Float64Array;
  loads: FlexibleLoad[];
}

const slots = 96;
const hours = 0.25;
const dayMs = 86_400_000;

/**
 * Cars that arrive in the afternoon or evening and leave in the morning, at 3.7 to 11 kW, and heaters on relays that need some
 * slots of the day; prices of a day drawn from the data, with 0.1 a kWh of fees.
 * @param daySeed draws the day: feeders with the same have the same prices
 */
export function congestedFeeder(
  data: BenchData,
  seed: number,
  { cars, heaters, daySeed = seed }: { cars: number; heaters: number; daySeed?: number },
): CongestedFeeder {
  const random = seededRandom(seed);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const { startMs } = data.prices;
  const days = Math.floor(((startMs.at(-1) ?? 0) - (startMs[0] ?? 0)) / dayMs) - 2;
  const noonMs = Math.ceil((startMs[0] ?? 0) / dayMs) * dayMs + Math.floor(seededRandom(daySeed)() * days) * dayMs + dayMs / 2;
  const pricePerWh = Float64Array.from(
    { length: slots },
    (_, slot) => valueAt(data.prices, noonMs + slot * 900_000) / 1e6 + 1e-4,
  );
  const power = [3700, 7400, 11_000];
  const loads: FlexibleLoad[] = [];
  for (let car = 0; car < cars; car += 1) {
    const mostWh = (power[Math.floor(random() * power.length)] ?? 3700) * hours;
    const [from, to] = [Math.floor(between(12, 40)), Math.floor(between(68, 84))];
    const energyWh = Math.min(between(5000, 30_000), mostWh * (to - from) * 0.8);
    loads.push({
      energyWh,
      mostWh: Float64Array.from({ length: slots }, (_, slot) => (slot >= from && slot < to ? mostWh : 0)),
      onOff: false,
    });
  }
  for (let heater = 0; heater < heaters; heater += 1) {
    const mostWh = Math.round(between(1500, 3000) / 100) * 100 * hours;
    const needed = Math.floor(between(6, 17));
    const from = random() < 0.5 ? 0 : Math.floor(between(0, 40));
    const to = random() < 0.5 ? slots : Math.floor(between(from + 2 * needed, slots + 1));
    loads.push({
      energyWh: needed * mostWh,
      mostWh: Float64Array.from({ length: slots }, (_, slot) => (slot >= from && slot < to ? mostWh : 0)),
      onOff: true,
    });
  }
  return { pricePerWh, loads };
}
