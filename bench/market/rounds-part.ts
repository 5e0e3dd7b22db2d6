import { join } from "node:path";
import { CaseFile } from "../../market/flexibility/case-file.ts";
import { flowsW } from "../../market/flexibility/grid-model.ts";
import { playCase, type PlayedCase } from "../../market/flexibility/run-case.ts";
import { prognosisOf, takenBy } from "../../market/flexibility/session.ts";
import type { FlexibleLoad } from "../../planner/community/flexible-load.ts";
import { linearModel } from "../../planner/exact/linear-model.ts";
import type { Solver } from "../../planner/exact/solve-milp.ts";
import { benchData, type BenchData } from "../plan/real-data.ts";
import { atMost, rounded, type Claim } from "../report.ts";
import { congestedFeeder, type CongestedFeeder } from "./congested-feeder.ts";
import type { Part } from "./exchange-part.ts";
import { pricedBound } from "./priced-bound.ts";

const slots = 96;
const hours = 0.25;
const free = new Float64Array(slots);

interface Played {
  cost: number;
  bound: number;
  before: number;
  peakBeforeKw: number;
  overW: number;
  missedWh: number;
  rounds: number;
  ended: string;
  cpuMs: number;
}

/** Rounds of a grid operator with aggregators, beside what no central plan can stay below. */
export async function roundsPart(
  solver: Solver,
  { instances, homes, aggregators }: { instances: number; homes: number; aggregators: number },
): Promise<Part> {
  const data = benchData(join(import.meta.dirname, "../../../shared/data"));
  const limitW = 250_000;
  const played = Array.from({ length: instances }, (_, at) => {
    const feeder = congestedFeeder(data, at + 1, { cars: 100, heaters: 100 });
    const cpu = process.cpuUsage();
    const done = playCase(caseOf([{ name: "feeder", feeder, limitW }], aggregators));
    return measured(done, process.cpuUsage(cpu), centralBound(solver, feeder, limitW));
  });
  const gaps = played.map(({ cost, bound }) => (cost / bound - 1) * 100);
  const rows = played.map((one, at) => ({
    instance: at + 1,
    rounds: one.rounds,
    ended: one.ended,
    "cost alone": rounded6(one.before),
    cost: rounded6(one.cost),
    "central bound": rounded6(one.bound),
    "gap %": rounded(gaps[at] ?? 0),
    "peak alone, kW": rounded(one.peakBeforeKw),
    "over, W": one.overW,
    "missed, Wh": rounded(one.missedWh),
    "CPU ms": Math.round(one.cpuMs),
  }));
  const claims: Claim[] = [
    atMost("rounds: overload after repair, W", Math.max(...played.map(({ overW }) => overW)), 0),
    atMost("rounds: cost above the central bound, most %", Math.max(...gaps), 1.5),
    atMost("rounds: cost below the central bound, most %", -Math.min(...gaps), 1e-4),
    atMost("rounds: rounds, most", Math.max(...played.map(({ rounds }) => rounds)), 60),
    atMost("rounds: wishes missed, most Wh", Math.max(...played.map(({ missedWh }) => missedWh)), 1),
  ];
  const large = manyHomes(data, { homes, aggregators });
  return { rows: [...rows, ...large.rows], claims: [...claims, ...large.claims] };
}

/** A car and a heater on a relay in each home, many feeders under one substation that carries a little less than all of them. */
function manyHomes(data: BenchData, { homes, aggregators }: { homes: number; aggregators: number }): Part {
  const feeders = 20;
  const each = Math.round(homes / feeders);
  const limitW = each * 2500;
  const own = Array.from({ length: feeders }, (_, at) => ({
    name: `feeder ${at + 1}`,
    feeder: congestedFeeder(data, 1001 + at, { cars: each, heaters: each, daySeed: 1001 }),
    limitW,
  }));
  const aboveW = limitW * feeders * 0.97;
  const file = caseOf(own, aggregators, { name: "substation", limitW: aboveW });
  const [beganMs, cpu] = [performance.now(), process.cpuUsage()];
  const done = playCase(file);
  const seconds = (performance.now() - beganMs) / 1000;
  const spent = process.cpuUsage(cpu);
  const bound = pricedBound(
    own.map(({ feeder }, at) => ({
      ...feeder,
      limitWh: limitW * hours,
      surcharge: done.session.prices[at * aggregators] ?? free,
    })),
    aboveW * hours,
  );
  const one = measured(done, spent, bound);
  const gap = (one.cost / one.bound - 1) * 100;
  const name = `${each * feeders} homes under ${feeders} feeders and a substation`;
  return {
    rows: [
      {
        instance: name,
        rounds: one.rounds,
        ended: one.ended,
        "cost alone": rounded6(one.before),
        cost: rounded6(one.cost),
        "central bound": rounded6(one.bound),
        "gap %": rounded(gap),
        "peak alone, kW": rounded(one.peakBeforeKw),
        "over, W": one.overW,
        "missed, Wh": rounded(one.missedWh),
        "CPU ms": Math.round(one.cpuMs),
        seconds: rounded(seconds),
      },
    ],
    claims: [
      atMost(`rounds: ${name}: overload, W`, one.overW, 0),
      atMost(`rounds: ${name}: cost above a bound by prices, %`, gap, 1.5),
      atMost(`rounds: ${name}: cost below it, %`, -gap, 1e-4),
      atMost(`rounds: ${name}: wishes missed, Wh`, one.missedWh, 1),
      atMost(`rounds: ${name}: rounds`, one.rounds, 60),
      // One thread; whole feeders could be given to others.
      atMost(`rounds: ${name}: processor seconds`, one.cpuMs / 1000, 600),
      atMost(`rounds: ${name}: seconds by the clock`, seconds, 600),
    ],
  };
}

const rounded6 = (value: number): number => Number(value.toPrecision(6));

/** Feeders as a case: their loads dealt out to aggregators. */
function caseOf(
  feeders: readonly { name: string; feeder: CongestedFeeder; limitW: number }[],
  aggregators: number,
  above?: { name: string; limitW: number },
): CaseFile {
  return CaseFile.parse({
    slots,
    grid: [
      ...(above ? [{ name: above.name, kind: "transformer", import_limit_w: above.limitW }] : []),
      ...feeders.map(({ name, limitW }) => ({ name, import_limit_w: limitW, ...(above && { above: above.name }) })),
    ],
    aggregators: feeders.flatMap(({ name, feeder: { pricePerWh, loads } }) =>
      Array.from({ length: aggregators }, (_, own) => ({
        name: `${name} ${own + 1}`,
        point: name,
        import_price_per_kwh: Array.from(pricePerWh, (perWh) => perWh * 1000),
        loads: loads.flatMap((load, at) => (at % aggregators === own ? [loadOf(load, at)] : [])),
      })),
    ),
  });
}

function loadOf({ energyWh, mostWh, onOff }: FlexibleLoad, at: number): object {
  return {
    name: `load ${at + 1}`,
    energy_wh: energyWh,
    power_w: Math.max(...mostWh) / hours,
    slots: Array.from(mostWh.keys()).filter((slot) => (mostWh[slot] ?? 0) > 0),
    on_off: onOff,
  };
}

function measured({ session, aggregators }: PlayedCase, cpu: NodeJS.CpuUsage, bound: number): Played {
  const { terms, seats } = session;
  const power = (seat: number): readonly number[] => seats[seat]?.order?.powerW ?? prognosisOf(session, seat);
  const before = flowsW(
    terms.grid,
    takenBy(session, (seat) => prognosisOf(session, seat)),
  );
  const answers = aggregators.flatMap(({ offers }, seat) => offers.get(seats[seat]?.order?.offer ?? "")?.answers ?? []);
  // Added up anew from what each load does.
  const flows = takenBy(session, power);
  const overW = Math.max(
    0,
    ...terms.grid.elements.flatMap(({ name, importLimitW }) =>
      Array.from(flowsW(terms.grid, flows).get(name) ?? [], (watts, slot) => watts - (importLimitW[slot] ?? Infinity)),
    ),
  );
  return {
    // Who is not needed keeps its prognosis.
    cost: aggregators.reduce((sum, { offers, cost }, seat) => {
      const own = offers.get(seats[seat]?.order?.offer ?? "")?.answers;
      return sum + (own ? own.reduce((money, answer) => money + answer.money, 0) : Number(cost) / 1e6);
    }, 0),
    bound,
    before: aggregators.reduce((sum, { cost }) => sum + Number(cost), 0) / 1e6,
    peakBeforeKw: Math.max(...[...before.values()].map((flow) => Math.max(...flow))) / 1000,
    overW,
    missedWh: answers.reduce((sum, { missedWh }) => sum + missedWh, 0),
    rounds: session.rounds,
    ended: session.roundsEnded ?? "none",
    cpuMs: (cpu.user + cpu.system) / 1000,
  };
}

/**
 * Money that no plan of all loads within the limit stays below: one program of all of them, solved by HiGHS as far as a thousandth,
 * with relays that are on or off.
 */
function centralBound(solver: Solver, { pricePerWh, loads }: CongestedFeeder, limitW: number): number {
  const model = linearModel();
  const feeder = Array.from({ length: slots }, (): [number, number][] => []);
  for (const { energyWh, mostWh, onOff } of loads) {
    const own: [number, number][] = [];
    for (const [slot, wh] of mostWh.entries()) {
      if (wh === 0) continue;
      const price = pricePerWh[slot] ?? 0;
      // In kWh; a relay's column is 1 where it is on.
      const entry: [number, number] = onOff
        ? [model.column(0, 1, wh * price, true), wh / 1000]
        : [model.column(0, wh / 1000, price * 1000), 1];
      own.push(entry);
      feeder[slot]?.push(entry);
    }
    model.row(energyWh / 1000, energyWh / 1000, own);
  }
  for (const entries of feeder) model.row(-Infinity, (limitW * hours) / 1000, entries);
  return solver.solve(model, { gap: 1e-3, timeLimitS: 60 }).bound;
}
