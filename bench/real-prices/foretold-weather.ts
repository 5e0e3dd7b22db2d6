import { seededRandom } from "../plan/generate-home.ts";
import type { Trial } from "./trial.ts";

/** Weather as a service foretells it. */
export interface ForetoldWeather {
  /** At the start of `slot`, for `count` slots from it on. */
  outdoorC(slot: number, count: number): number[];
  sunWm2(slot: number, count: number): number[];
  /** What was foretold for a slot of the past when it began. */
  sunThenWm2(slot: number): number;
}

const hourMs = 3_600_000;
/** Spread of the errors a day ahead, about as large as verifications of day-ahead forecasts say: K, and a share of the sunshine. */
const spread = { temperatureK: 1.8, sunshine: 0.4 };
/** How much of an hour's error the next hour has as well. */
const lasting = 0.9;
/** Of the error a day ahead, what is left for the present hour. */
const leastShare = 0.3;

/**
 * What came, with made errors, since no archive of forecasts goes with the data: each hour has one of its own, like that of the
 * hour before, which shrinks as the hour comes near.
 */
export function foretoldWeather(trial: Trial): ForetoldWeather {
  const { all, before, sunWm2, startMs, slotMs } = trial;
  const hours = Math.ceil((all.outdoorC.length * slotMs) / hourMs) + 1;
  const random = seededRandom(Math.floor(startMs / hourMs));
  const [cold, cloudy] = [errors(random, hours), errors(random, hours)];
  const errorAt = (of: readonly number[], slot: number, aheadMs: number): number =>
    (leastShare + (1 - leastShare) * Math.min(1, aheadMs / (24 * hourMs))) *
    (of[Math.floor(((before + slot) * slotMs) / hourMs)] ?? 0);
  const sun = (slot: number, aheadMs: number): number =>
    (sunWm2[before + slot] ?? 0) * Math.max(0, 1 + spread.sunshine * errorAt(cloudy, slot, aheadMs));
  const series = (count: number, of: (ahead: number) => number): number[] =>
    Array.from({ length: count }, (_, ahead) => of(ahead));
  return {
    outdoorC: (slot, count) =>
      series(
        count,
        (ahead) => (all.outdoorC[before + slot + ahead] ?? 0) + spread.temperatureK * errorAt(cold, slot + ahead, ahead * slotMs),
      ),
    sunWm2: (slot, count) => series(count, (ahead) => sun(slot + ahead, ahead * slotMs)),
    sunThenWm2: (slot) => sun(slot, 0),
  };
}

/** Of mean 0 and spread 1, each like the one before. */
function errors(random: () => number, count: number): number[] {
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const found = [normal()];
  while (found.length < count) found.push(lasting * (found.at(-1) ?? 0) + Math.sqrt(1 - lasting ** 2) * normal());
  return found;
}
