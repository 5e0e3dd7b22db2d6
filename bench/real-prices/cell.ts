import { loadSolver } from "../../planner/exact/solve-milp.ts";
import { foretoldWeather } from "./foretold-weather.ts";
import { comparable, horizonBound } from "./horizon-bound.ts";
import { causalOutlook, trueOutlook } from "./outlook.ts";
import { rolling } from "./rolling.ts";
import { cheapestSlots, immediate } from "./rules.ts";
import { simulate } from "./simulate.ts";
import { drawTrial, realityOf } from "./trial.ts";
import { trialData, type Zone } from "./trial-data.ts";

/** One strategy in one window. */
export interface Outcome {
  window: number;
  strategy: string;
  money: number;
  peakW: number;
  kelvinHours: number;
  missedKwh: number;
  switches: number;
}

/**
 * One cell of the table, as a process of its own: windows of days of one zone at one slot length.
 * `node bench/real-prices/cell.ts FOLDER ZONE MINUTES WINDOWS DAYS SEED` prints its outcomes as JSON.
 */
const [folder = "", zone = "", ...figures] = process.argv.slice(2);
const [minutes = 15, windows = 1, days = 7, seed = 1] = figures.map(Number);
const data = trialData(folder, zone as Zone);
const solver = await loadSolver();
const outcomes: Outcome[] = [];
for (let window = 0; window < windows; window += 1) {
  const trial = drawTrial(data, { zone: zone as Zone, seed, index: window, of: windows, days, minutes });
  const reality = realityOf(trial);
  const runs = [
    { strategy: "immediate", run: simulate(trial.home, reality, trial.start, immediate(trial)) },
    { strategy: "cheapest slots", run: simulate(trial.home, reality, trial.start, cheapestSlots(trial)) },
    { strategy: "ours, causal", run: simulate(trial.home, reality, trial.start, rolling(trial, causalOutlook(trial))) },
    {
      strategy: "ours, weather",
      run: simulate(trial.home, reality, trial.start, rolling(trial, causalOutlook(trial, foretoldWeather(trial)))),
    },
    {
      strategy: "ours, perfect",
      run: simulate(
        trial.home,
        reality,
        trial.start,
        rolling(trial, (slot, count) => trueOutlook(trial, slot, count)),
      ),
    },
  ];
  const bound = horizonBound(
    solver,
    trial,
    runs.map(({ run }) => run),
  );
  for (const { strategy, run } of runs)
    outcomes.push({
      window,
      strategy,
      money: comparable(trial, run, bound),
      peakW: run.peakW,
      kelvinHours: run.kelvinHours,
      missedKwh: run.missedKwh,
      switches: run.switches,
    });
  outcomes.push({
    window,
    strategy: "proven bound",
    money: bound.money,
    peakW: Number.NaN,
    kelvinHours: Number.NaN,
    missedKwh: Number.NaN,
    switches: Number.NaN,
  });
}
process.stdout.write(JSON.stringify(outcomes));
