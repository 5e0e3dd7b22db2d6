import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { exactPlan } from "../planner/exact/exact-plan.ts";
import { lowerBound } from "../planner/exact/lower-bound.ts";
import { loadSolver } from "../planner/exact/solve-milp.ts";
import { homeOf, readProblem } from "../planner/home-of.ts";
import { planHome, type Engine } from "../planner/plan-home.ts";
import { atMost, report } from "./report.ts";

/**
 * `npm run bench:emhass [-- --json]`: EMHASS' own published inputs and schedules (eight days of half hours from its data folder;
 * 3 kW for 5 h and 0.75 kW for 8 h a day, PV, two tariffs), and what our engines make of the same days.
 *
 * - perfect: load and PV are known, as EMHASS had it.
 * - rolling: each day is planned on the load and PV of the day before (the first on its own mean), then paid by what came.
 *
 * Cost is import minus export at the given prices, by the meter's net of each half hour.
 */
const file = join(import.meta.dirname, "../../shared/data/emhass_opt_res_perfect_optim_profit.csv.gz");
if (!existsSync(file)) {
  console.error(`bench:emhass needs EMHASS' published results, which are not part of this project: put them at ${file}`);
  process.exit(1);
}
const lines = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n");
const names = lines[0]?.split(",") ?? [];
const column = (name: string): number[] => lines.slice(1).map((line) => Number(line.split(",")[names.indexOf(name)]));
const [pv, load, first, second] = ["P_PV", "P_Load", "P_deferrable0", "P_deferrable1"].map((name) => column(name)) as [
  number[],
  number[],
  number[],
  number[],
];
const [buy, sell] = [column("unit_load_cost"), column("unit_prod_price")];
const daySlots = 48;
const days = Math.floor(load.length / daySlots);
const day = (values: readonly number[], index: number): number[] => values.slice(index * daySlots, (index + 1) * daySlots);

/** EUR for a day of net power, W a half hour. */
const money = (index: number, appliances: (slot: number) => number): number =>
  day(load, index).reduce((sum, _, slot) => {
    const at = index * daySlots + slot;
    const kWh = ((load[at] ?? 0) - (pv[at] ?? 0) + appliances(slot)) / 2000;
    return sum + (kWh >= 0 ? kWh * (buy[at] ?? 0) : kWh * (sell[at] ?? 0));
  }, 0);

const problemOf = (index: number, loadW: readonly number[], pvW: readonly number[]): ReturnType<typeof readProblem> =>
  readProblem(
    {
      slot_minutes: 30,
      import_price_per_kwh: day(buy, index),
      export_price_per_kwh: day(sell, index),
      base_load_w: [...loadW],
      pv_w: [...pvW],
      appliances: [
        { type: "deferrable", name: "first", power_w: 3000, energy_wh: day(first, index).reduce((sum, w) => sum + w / 2, 0) },
        { type: "deferrable", name: "second", power_w: 750, energy_wh: day(second, index).reduce((sum, w) => sum + w / 2, 0) },
      ],
    },
    `day ${index}`,
  );

const solver = await loadSolver();
const exact: Engine = { name: "exact", solve: (home) => exactPlan(solver, home, { gap: 1e-7, timeLimitS: 30 }) };
const fast: Engine = { name: "fast" };
const mean = (values: readonly number[]): number[] => values.map(() => values.reduce((sum, one) => sum + one, 0) / values.length);
const before = (values: readonly number[], index: number): number[] =>
  index === 0 ? mean(day(values, 0)) : day(values, index - 1);

function total(plan: (index: number) => ReturnType<typeof planHome>): number {
  let sum = 0;
  for (let index = 0; index < days; index += 1) {
    const powers = plan(index).appliances.map(({ power_w: watts }) => watts);
    sum += money(index, (slot) => powers.reduce((all, watts) => all + (watts[slot] ?? 0), 0));
  }
  return sum;
}
const perfect = (engine: Engine) => (index: number) =>
  planHome(problemOf(index, day(load, index), day(pv, index)), engine, () => performance.now());
const rolling = (engine: Engine) => (index: number) =>
  planHome(problemOf(index, before(load, index), before(pv, index)), engine, () => performance.now());

let [emhass, bound, atOnce] = [0, 0, 0];
for (let index = 0; index < days; index += 1) {
  emhass += money(index, (slot) => (day(first, index)[slot] ?? 0) + (day(second, index)[slot] ?? 0));
  bound += lowerBound(solver, homeOf(problemOf(index, day(load, index), day(pv, index))), { gap: 1e-6, timeLimitS: 20 });
  atOnce += money(index, (slot) => (slot < 10 ? 3000 : 0) + (slot < 16 ? 750 : 0));
}
const [exactEur, fastEur, rollingEur] = [total(perfect(exact)), total(perfect(fast)), total(rolling(fast))];
const row = (what: string, eur: number): Record<string, string | number> => ({ what, "EUR, 8 days": eur.toFixed(3) });
report(
  [
    row("both loads at the start of each day", atOnce),
    row("EMHASS, its published schedule (profit)", emhass),
    row("ours, exact", exactEur),
    row("ours, fast", fastEur),
    row("ours, fast, on the day before", rollingEur),
    row("proven bound", bound),
  ],
  [
    atMost("exact / EMHASS", exactEur / emhass, 1.00005),
    atMost("fast / EMHASS", fastEur / emhass, 1.01),
    atMost("rolling on the day before / EMHASS with perfect foresight", rollingEur / emhass, 1.1),
  ],
  process.argv,
);
