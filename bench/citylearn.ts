import { join } from "node:path";
import { baseLoadForecast, type PastSlot } from "../planner/base-load.ts";
import { fastPlan, type usualLooks } from "../planner/fast/fast-plan.ts";
import { homeOf } from "../planner/home-of.ts";
import { Problem } from "../planner/problem.ts";
import { pvForecast } from "../planner/pv-forecast.ts";
import { cityBattery, cityCharge, mostKwh, type CityBattery } from "./citylearn/battery.ts";
import { cityData, missingCityFiles } from "./citylearn/city-data.ts";
import { kpis, type Kpis } from "./citylearn/kpis.ts";
import { atMost, report } from "./report.ts";

/**
 * `npm run bench:citylearn [-- --json] [--hours 8760]`: the 17 homes of the CityLearn challenge 2022, each with a battery of
 * 6.4 kWh and 5 kW, for a year of hours, planned home by home by our fast planner and carried out by CityLearn's own battery
 * (bench/citylearn/battery.ts). Each hour a new plan of the next 24.
 *
 * - causal: load and PV of the coming hours are forecast from those that were metered (a workday and a weekend of load, two
 *   weeks of PV); prices are the tariff's, which is known a day ahead. In the hour itself the battery follows the meter where
 *   its plan does.
 * - perfect: the same with the load and PV that really come in those 24 hours.
 * Homes do not know of each other; what they export is worth nothing to them.
 */
const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(name);
  return at > 0 ? Number(process.argv[at + 1]) : otherwise;
};
const folder = join(import.meta.dirname, "../../shared/data");
const missing = missingCityFiles(folder);
if (missing.length > 0) {
  console.error(
    `bench:citylearn needs the CityLearn 2022 data, which is not part of this project: put ${missing.join(", ")} into ${folder}`,
  );
  process.exit(1);
}
const data = cityData(folder);
const hours = Math.min(data.price.length, option("--hours", 8760));
const horizon = 24;
const hourMs = 3_600_000;
/** A Monday, as the data begins (its tariff is lower on the sixth and seventh day); no other date matters. */
const firstMs = Date.parse("2022-08-01T00:00:00Z");
/** One device needs fewer looks than a whole home. */
const looks: typeof usualLooks = [
  { levels: 30, share: null, rounds: 1, pairs: 0, through: false },
  { levels: 16, share: 0.1, rounds: 1, pairs: 0, through: false },
];
/** What a plan reckons with, one way: between the curve's 0.83 and 0.9 there and back. */
const plannedEfficiency = 0.93;
/** It charges gently: homes that do not know of each other begin to charge in the same hour. */
const gentleKw = 2.5;
const little = 0.05;

type Ahead = (hour: number) => { loadKwh: number[]; pvKwh: number[] };

/** A home's net energy in each hour under rolling plans. */
function rolled(home: number, ahead: Ahead): Float64Array {
  const [load, pv] = [data.loadKwh[home] ?? new Float64Array(hours), data.pvKwh[home] ?? new Float64Array(hours)];
  let battery: CityBattery = { capacityKwh: cityBattery.capacityKwh, chargeKwh: 0 };
  return Float64Array.from({ length: hours }, (_, hour) => {
    const net = (load[hour] ?? 0) - (pv[hour] ?? 0);
    const step = cityCharge(battery, asked(planned(hour, ahead(hour), battery), net, battery));
    battery = step.battery;
    return net + step.takenKwh;
  });
}

/** What the battery shall do in this hour, and what crosses the meter by plan, kWh. */
function planned(
  hour: number,
  { loadKwh, pvKwh }: ReturnType<Ahead>,
  { capacityKwh, chargeKwh }: CityBattery,
): { kWh: number; net: number } {
  const price = data.price.slice(hour, hour + horizon);
  while (price.length < horizon) price.push(data.price.at(-1) ?? 0);
  const home = homeOf(
    Problem.parse({
      slot_minutes: 60,
      import_price_per_kwh: price,
      export_price_per_kwh: 0,
      base_load_w: loadKwh.map((kWh) => kWh * 1000),
      pv_w: pvKwh.map((kWh) => kWh * 1000),
      appliances: [
        {
          type: "battery",
          name: "battery",
          capacity_wh: capacityKwh * 1000,
          initial_wh: chargeKwh * 1000,
          charge_max_w: gentleKw * 1000,
          discharge_max_w: cityBattery.nominalKw * 1000,
          charge_efficiency: plannedEfficiency,
          discharge_efficiency: plannedEfficiency,
          // What is left serves the next day at the least price at least.
          final_value_per_kwh: Math.min(...price) * plannedEfficiency,
        },
      ],
    }),
  );
  const [flow] = fastPlan(home, { looks });
  const kWh = ((flow?.in[0] ?? 0) - (flow?.out[0] ?? 0)) / 1000;
  return { kWh, net: (loadKwh[0] ?? 0) - (pvKwh[0] ?? 0) + kWh };
}

/** A plan that keeps the meter at zero does so in truth as well; what is left over is never sold while there is room. */
function asked(plan: { kWh: number; net: number }, net: number, battery: CityBattery): number {
  if (plan.kWh > little && plan.net > little) return plan.kWh;
  if (plan.kWh < -little) return plan.net > little ? Math.max(plan.kWh, Math.min(0, -net)) : Math.min(0, -net);
  return Math.min(mostKwh(battery), Math.max(0, -net));
}

const whole = (values: Float64Array, hour: number): number[] => {
  const part = Array.from(values.subarray(hour, hour + horizon));
  while (part.length < horizon) part.push(0);
  return part;
};

function perfect(home: number): Ahead {
  return (hour) => ({
    loadKwh: whole(data.loadKwh[home] ?? new Float64Array(0), hour),
    pvKwh: whole(data.pvKwh[home] ?? new Float64Array(0), hour),
  });
}

/** Forecasts from what was metered before the hour; those of the load are made once a day. */
function causal(home: number): Ahead {
  const slotsFrom = (hour: number, count: number): { startMs: number; endMs: number }[] =>
    Array.from({ length: count }, (_, at) => ({
      startMs: firstMs + (hour + at) * hourMs,
      endMs: firstMs + (hour + at + 1) * hourMs,
    }));
  const past = (values: Float64Array | undefined, hour: number, days: number): PastSlot[] =>
    Array.from((values ?? new Float64Array(0)).subarray(Math.max(0, hour - 24 * days), hour), (kWh, at) => ({
      startMs: firstMs + (Math.max(0, hour - 24 * days) + at) * hourMs,
      endMs: firstMs + (Math.max(0, hour - 24 * days) + at + 1) * hourMs,
      wh: kWh * 1000,
    }));
  let load: number[] = [];
  return (hour) => {
    if (hour % 24 === 0)
      load = baseLoadForecast(past(data.loadKwh[home], hour, 28), slotsFrom(hour, 2 * horizon), {
        zone: "UTC",
        otherwiseW: 500,
      }).watts;
    const pv = pvForecast(past(data.pvKwh[home], hour, 14), slotsFrom(hour, horizon)).watts;
    return {
      loadKwh: load.slice(hour % 24, (hour % 24) + horizon).map((watts) => watts / 1000),
      pvKwh: pv.map((watts) => watts / 1000),
    };
  };
}

const without = data.loadKwh.map((load, home) =>
  Float64Array.from({ length: hours }, (_, hour) => (load[hour] ?? 0) - (data.pvKwh[home]?.[hour] ?? 0)),
);
const all = (of: (home: number) => Ahead, name: string): Float64Array[] =>
  data.loadKwh.map((_, home) => {
    const net = rolled(home, of(home));
    process.stderr.write(`${name}: home ${home + 1} of ${data.loadKwh.length}\n`);
    return net;
  });
const series = { price: data.price.slice(0, hours), carbon: data.carbon.slice(0, hours) };
const figures = (nets: readonly Float64Array[]): Kpis => kpis(nets, without, series);
const [ours, foreseen] = [figures(all(causal, "causal")), figures(all(perfect, "perfect"))];
const row = (what: string, of: Kpis): Record<string, string | number> => ({
  what,
  cost: of.cost.toFixed(3),
  carbon: of.carbon.toFixed(3),
  ramping: of.ramping.toFixed(3),
  peak: of.peak.toFixed(3),
  "cost, homes apart": of.homesCost.toFixed(3),
});
report(
  [row("no control", figures(without)), row("ours, causal", ours), row("ours, perfect foresight", foreseen)],
  [
    atMost("causal: cost / no control", ours.cost, 0.8),
    atMost("causal: carbon / no control", ours.carbon, 0.9),
    atMost(
      "causal: part of what perfect foresight saves that is lost, homes apart, %",
      100 * (1 - (1 - ours.homesCost) / (1 - foreseen.homesCost)),
      15,
    ),
  ],
  process.argv,
);
