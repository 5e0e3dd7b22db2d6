import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { missingFiles, zones, type Zone } from "./real-prices/trial-data.ts";
import type { Outcome } from "./real-prices/cell.ts";
import { atLeast, atMost, report, rounded } from "./report.ts";

/**
 * `npm run bench:real-prices [-- --json] [--days 28] [--seed 1]`: what planning brings a home at real prices: three zones, four
 * slot lengths, five ways of running the home, and a proven bound that none of them can beat.
 *
 * - Each cell is --days days in windows of a week, spread over the zone's prices, each with a home of its own: car (Dutch
 *   arrivals, stays and energies), water tank, heat pump with its room, mostly a battery and PV, and a real home's base load.
 *   Homes and windows are the same for all slot lengths. Prices are the mean over a slot; the meter counts the net of a slot.
 * - Where the prices are newer than the weather, the weather is that of the year before. The weather is Belgian in all zones.
 *   Loads are Australian, moved by half a year. What stays assumed: appliances, hot water habits, fees of 8 to 18 ct/kWh.
 * - Causal: planned anew each hour and when the car comes, on what is known then: day-ahead prices from 13:00 of the day before,
 *   the plugged car's wish, forecasts of base load, PV, hot water, outdoor temperature and unannounced prices from the past only.
 *   Weather: the same, with a weather forecast: what came, with made errors (bench/real-prices/foretold-weather.ts), since no
 *   archive of forecasts goes with the data.
 *   Perfect: the same planner, told what comes in the next 36 hours.
 * - Thermostats and the car's latest safe start stand above every strategy (bench/real-prices/local-protection.ts), so comfort is that of
 *   immediate or better. The bound: bench/real-prices/horizon-bound.ts.
 */
const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(name);
  return at > 0 ? Number(process.argv[at + 1]) : otherwise;
};
const [days, seed] = [option("--days", 28), option("--seed", 1)];
const windowDays = Math.min(7, days);
const windows = Math.max(1, Math.round(days / windowDays));
const slotLengths = [10, 15, 30, 60];
const folder = join(import.meta.dirname, "../../shared/data");
const strategies = ["immediate", "cheapest slots", "ours, causal", "ours, weather", "ours, perfect", "proven bound"] as const;
/** Money that floating point and the solver may be off, EUR a window. */
const tolerance = 1e-3;

const missing = missingFiles(folder);
if (missing.length > 0) {
  console.error(
    `bench:real-prices needs real prices, weather and loads, which are not part of this project: put ${missing.join(", ")} into ${folder}`,
  );
  process.exit(1);
}

interface Cell {
  zone: Zone;
  minutes: number;
  outcomes: Outcome[];
}
const run = promisify(execFile);
const cells: Cell[] = [];
const open = zones.flatMap((zone) => slotLengths.map((minutes) => ({ zone, minutes })));
/** Two processes at a time, each a cell. */
const began = performance.now();
const work = async (): Promise<void> => {
  for (let next = open.shift(); next; next = open.shift()) {
    const { zone, minutes } = next;
    const script = join(import.meta.dirname, "real-prices/cell.ts");
    const args = [script, folder, zone, minutes, windows, windowDays, seed].map(String);
    const { stdout } = await run(process.execPath, args, { maxBuffer: 1e8 });
    cells.push({ zone, minutes, outcomes: JSON.parse(stdout) as Outcome[] });
    process.stderr.write(`${zone} ${minutes} min, ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  }
};
await Promise.all([work(), work()]);
cells.sort((one, other) => zones.indexOf(one.zone) - zones.indexOf(other.zone) || one.minutes - other.minutes);

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const of = (outcomes: readonly Outcome[], strategy: string): Outcome[] => outcomes.filter((one) => one.strategy === strategy);
const money = (outcomes: readonly Outcome[], strategy: string): number => sum(of(outcomes, strategy).map((one) => one.money));
/** Share of what could be saved at most that is saved, %. */
const captured = (outcomes: readonly Outcome[], strategy: string, best = "proven bound"): number =>
  (100 * (money(outcomes, "immediate") - money(outcomes, strategy))) / (money(outcomes, "immediate") - money(outcomes, best));

const allDays = windows * windowDays;
const rows = cells.flatMap(({ zone, minutes, outcomes }) =>
  strategies.map((strategy) => {
    const mine = of(outcomes, strategy);
    const figure = (value: number): number | string => (strategy === "proven bound" ? "" : rounded(value));
    return {
      zone,
      slot: minutes,
      strategy,
      "EUR/day": rounded(money(outcomes, strategy) / allDays),
      "peak kW": figure(Math.max(...mine.map((one) => one.peakW)) / 1000),
      "K h/day": figure(sum(mine.map((one) => one.kelvinHours)) / allDays),
      "EV kWh missed": figure(Math.round(sum(mine.map((one) => one.missedKwh)) * 1000) / 1000),
      "switches/day": figure(sum(mine.map((one) => one.switches)) / allDays),
      "saving % of bound's": strategy === "immediate" ? 0 : rounded(captured(outcomes, strategy)),
    };
  }),
);
const everything = cells.flatMap(({ outcomes }) => outcomes);
const kelvinHours = (strategy: string): number => sum(of(everything, strategy).map((one) => one.kelvinHours));
const missed = (strategy: string): number => sum(of(everything, strategy).map((one) => one.missedKwh));
/** How far a run is below the bound of its window at most: a proof that fails, or physics that differ. */
const below = Math.max(
  ...cells.flatMap(({ outcomes }) =>
    of(outcomes, "proven bound").flatMap((bound) =>
      outcomes.filter(({ window }) => window === bound.window).map((one) => bound.money - one.money),
    ),
  ),
);
console.log(
  `${windows} windows of ${windowDays} days a cell, seed ${seed}; of what the bound allows, causal saves ${rounded(captured(everything, "ours, causal"))} %, with a weather forecast ${rounded(captured(everything, "ours, weather"))} %, and with perfect foresight ${rounded(captured(everything, "ours, perfect"))} %`,
);
report(
  rows,
  [
    ...(["ours, causal", "ours, weather"] as const).map((strategy) =>
      atLeast(
        `${strategy}: share of the achievable saving (immediate to proven bound), all cells, %`,
        captured(everything, strategy),
        85,
      ),
    ),
    atLeast(
      "causal, without one: share of what perfect foresight saves, all cells, %",
      captured(everything, "ours, causal", "ours, perfect"),
      85,
    ),
    ...(["ours, causal", "ours, weather"] as const).flatMap((strategy) => [
      atMost(`${strategy}: K h below comfort beside immediate`, kelvinHours(strategy) - kelvinHours("immediate"), 0),
      atMost(`${strategy}: EV kWh missed beside immediate`, missed(strategy) - missed("immediate"), 0.1),
    ]),
    atMost("any run below the proven bound of its window, EUR", Math.max(0, below), tolerance),
  ],
  process.argv,
);
