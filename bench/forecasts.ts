import type { Resource } from "../core/message/resource.ts";
import { demandWindows } from "../planner/demand-window.ts";
import { type ApplianceForecast, applianceForecasts } from "../aggregator/forecast/appliance-forecast.ts";
import type { AppliancePast } from "../aggregator/forecast/appliance-past.ts";
import { applianceSums } from "../aggregator/forecast/appliance-sums.ts";
import { drawsSeen } from "../aggregator/forecast/draws-seen.ts";
import { presenceSeen } from "../aggregator/forecast/presence-seen.ts";
import { slotSum } from "../aggregator/forecast/slot-sum.ts";
import { withoutFlexibility } from "./community-month/layers.ts";
import { madeData } from "./community-month/made-data.ts";
import { street, type StreetHome } from "./community-month/street.ts";
import type { Run } from "./real-prices/simulate.ts";
import { missingFiles, trialData } from "./real-prices/trial-data.ts";
import { rounded } from "./report.ts";

/**
 * `npm run bench:forecasts [-- --homes 100] [--seed 1] [--data FOLDER]`: how far the aggregator's forecasts of cars, heaters and hot
 * water are off a day ahead, beside what homes say of their appliances. Homes of the street of `npm run test:month` over five
 * weeks without any planning: cars charge when they come, thermostats switch. The last seven days are foretold, each from the 28
 * days before it, by the functions that serve `/v1/forecasts` and plans. Without FOLDER all data are made
 * (bench/community-month/made-data.ts).
 *
 * Homes describe a car that may charge from 15:00 to 07:00, and a heater that takes its mean energy of a day evenly.
 */
const text = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : undefined;
};
const option = (name: string, otherwise: number): number => Number(text(name) ?? otherwise);
const [count, seed, folder] = [option("--homes", 100), option("--seed", 1), text("--data")];
const [historyDays, judgedDays, minutes] = [28, 7, 15];
const [dayMs, slotMs, zone] = [86_400_000, minutes * 60_000, "Europe/Berlin"];
/** Midnight in Berlin, two days after the clocks were changed. */
const startMs = Date.parse("2026-03-30T22:00:00Z");
const days = historyDays + judgedDays;
const isReal = folder !== undefined && missingFiles(folder).length === 0;
const data = isReal ? trialData(folder, "DE-LU") : madeData(startMs, days);

const described = {
  v: 1,
  controlType: "OMBC",
  minOnS: 0,
  minOffS: 0,
  failsafeMode: "off",
  timezone: zone,
  maxImportW: 17_250,
} as const;

/** A home's car and tank as it describes them, and all that was seen of them. */
function appliancesOf({ trial }: StreetHome, { flows, tankC }: Run): { resource: Resource; past: AppliancePast }[] {
  const { home } = trial;
  const slots = (name: "car" | "tank") =>
    flows.map((flow, slot) => ({ startMs: startMs + slot * slotMs, endMs: startMs + (slot + 1) * slotMs, wh: flow[name] }));
  const demand = { kind: "energy", energyWh: 10_000, notBefore: "15:00", readyBy: "07:00" } as const;
  const car: Resource = {
    ...described,
    resource: "car",
    operationModes: [
      { id: "off", powerW: 0 },
      { id: "charge", powerW: home.carMaxW, minPowerW: home.carMinW },
    ],
    demand,
  };
  const windows = demandWindows(demand, zone, startMs, startMs + (days + 2) * dayMs);
  const presence = presenceSeen(slots("car"), [{ atMs: startMs - 1, on: true }], windows);
  const tank = { whPerK: home.tankWhPerK, lossWPerK: home.tankLossWPerK, ambientC: 20, heatPerWh: 1 };
  const meanWh = flows.reduce((sum, flow) => sum + flow.tank, 0) / days;
  const heater: Resource = {
    ...described,
    resource: "tank",
    operationModes: [
      { id: "off", powerW: 0 },
      { id: "on", powerW: Math.round(home.tankW) },
    ],
    demand: { kind: "energy", energyWh: Math.max(1, Math.round(meanWh)), notBefore: "00:00", readyBy: "00:00" },
  };
  const fills = tankC.map((value, slot) => ({ atMs: startMs + (slot + 1) * slotMs, value }));
  return [
    { resource: car, past: { presence, energy: [], draws: [] } },
    { resource: heater, past: { presence: [], energy: slots("tank"), draws: drawsSeen(slots("tank"), fills, tank) } },
  ];
}

interface Score {
  habit: number;
  described: number;
  inside: number;
  count: number;
}
const scores = new Map<string, Score>();
const score = (name: string, habit: number, asDescribed: number, inside = 0): void => {
  const found = scores.get(name) ?? { habit: 0, described: 0, inside: 0, count: 0 };
  scores.set(name, {
    habit: found.habit + habit,
    described: found.described + asDescribed,
    inside: found.inside + inside,
    count: found.count + 1,
  });
};
const nothing: AppliancePast = { presence: [], energy: [], draws: [] };
const before = ({ presence, energy, draws }: AppliancePast, toMs: number): AppliancePast => {
  const isPast = (slot: { startMs: number }): boolean => slot.startMs >= toMs - historyDays * dayMs && slot.startMs < toMs;
  return { presence: presence.filter(isPast), energy: energy.filter(isPast), draws: draws.filter(isPast) };
};

/** Compares what was foretold of a day with what came. */
function judge(
  name: string,
  habits: readonly ApplianceForecast[],
  plain: readonly ApplianceForecast[],
  came: AppliancePast,
): void {
  for (const habit of habits) {
    const asDescribed = plain.find(({ kind }) => kind === habit.kind);
    if (habit.kind === "presence" && asDescribed?.kind === "presence") {
      for (const [slot, there] of byQuarter(came.presence.filter(({ assumed }) => !assumed)))
        score(
          `${name}: presence, Brier score`,
          ((habit.meanCount[slot] ?? 0) - (there.there ? 1 : 0)) ** 2,
          ((asDescribed.meanCount[slot] ?? 0) - (there.there ? 1 : 0)) ** 2,
        );
    } else if (habit.kind !== "presence") {
      const isDescribed = asDescribed && asDescribed.kind !== "presence";
      for (const [slot, { wh }] of byQuarter(habit.kind === "energy" ? came.energy : came.draws)) {
        const watts = (wh * 3_600_000) / slotMs;
        const isInside = (habit.q10[slot] ?? 0) <= watts && watts <= (habit.q90[slot] ?? 0);
        const plainW = isDescribed ? (asDescribed.q50[slot] ?? 0) : Number.NaN;
        score(
          `${name}: ${habit.kind}, mean of |q50 - came|, W`,
          Math.abs((habit.q50[slot] ?? 0) - watts),
          Math.abs(plainW - watts),
          isInside ? 1 : 0,
        );
      }
    }
  }
}

/** Slots of a day by their number in it. */
function byQuarter<Slot extends { startMs: number }>(slots: readonly Slot[]): [number, Slot][] {
  return slots.map((slot) => [Math.round(((slot.startMs - startMs) % dayMs) / slotMs), slot]);
}

const homes = street(data, { homes: count, days, minutes, startMs, seed });
const { runs } = withoutFlexibility(homes);
const all = homes.flatMap((home, index) => appliancesOf(home, runs[index] ?? never()));
for (let day = historyDays; day < days; day += 1) {
  const fromMs = startMs + day * dayMs;
  const slots = Array.from({ length: dayMs / slotMs }, (_, slot) => ({
    startMs: fromMs + slot * slotMs,
    endMs: fromMs + (slot + 1) * slotMs,
  }));
  const onDay = ({ startMs: atMs }: { startMs: number }): boolean => atMs >= fromMs && atMs < fromMs + dayMs;
  const [together, plainly] = [applianceSums(slots), applianceSums(slots)];
  const [energy, draws, heaters] = [slotSum(), slotSum(), all.filter(({ resource }) => resource.resource === "tank").length];
  for (const { resource, past } of all) {
    const known = before(past, fromMs);
    const came = { presence: past.presence.filter(onDay), energy: past.energy.filter(onDay), draws: past.draws.filter(onDay) };
    judge("a home", applianceForecasts(resource, known, slots), applianceForecasts(resource, nothing, slots), came);
    together.add(resource, known);
    plainly.add(resource, nothing);
    came.energy.forEach(energy.add);
    came.draws.forEach(draws.add);
  }
  const isPower = ({ kind }: ApplianceForecast): boolean => kind !== "presence";
  const [habit, plain] = [await together.forecasts(zone), await plainly.forecasts(zone)];
  const came = { ...nothing, energy: energy.of(heaters), draws: draws.of(heaters) };
  judge(`${count} homes together`, habit.filter(isPower), plain.filter(isPower), came);
}
console.log(
  `${count} homes, seed ${seed}, data ${isReal ? "real" : "made"}; ${judgedDays} days, each from ${historyDays} before it`,
);
console.table(
  [...scores].map(([name, { habit, described: asDescribed, inside, count: slots }]) => ({
    forecast: name,
    "by history": rounded(habit / slots),
    "as described": Number.isNaN(asDescribed) ? "" : rounded(asDescribed / slots),
    "between q10 and q90": name.includes("Brier") ? "" : rounded(inside / slots),
    slots,
  })),
);

function never(): never {
  throw new RangeError("a home that is not there");
}
