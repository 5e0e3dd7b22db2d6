import { milpOf } from "../../planner/exact/milp-of.ts";
import type { Solver } from "../../planner/exact/solve-milp.ts";
import { homeOf } from "../../planner/home-of.ts";
import { Problem } from "../../planner/problem.ts";
import { comfort } from "./local-protection.ts";
import type { Run } from "./simulate.ts";
import { realityOf, type Trial } from "./trial.ts";

/** What no strategy can stay below, and what a kWh that is left in each store at the end is worth then. */
export interface HorizonBound {
  money: number;
  /** Money per kWh of charge and of heat. */
  worth: { battery: number; tank: number; room: number };
}

/**
 * A proven bound for all the trial's days at once, not for one after the other: one linear program over the whole horizon with
 * everything known beforehand, in which all that is whole is broken (relays, least powers, directions), the stores end at
 * least as they began, and everything else is at least as free as it was in any of the runs: temperatures may fall as low, and
 * rise as high, at each slot's end as the coldest and warmest of them, and cars may miss as much.
 *
 * A run that ends with more or less in its stores is made comparable by the program's own dual prices of those three demands:
 * for any run, bill - worth * (end - begin) >= money, by weak duality.
 */
export function horizonBound(solver: Solver, trial: Trial, runs: readonly Run[]): HorizonBound {
  const home = homeOf(problemOf(trial, runs));
  const { model, devices } = milpOf(home, { whole: "duty" });
  const named = (name: string): number => home.devices.findIndex((device) => device.name === name);
  const start: Record<string, number> = {
    battery: trial.start.batteryWh,
    tank: trial.start.tankC * trial.home.tankWhPerK,
    room: trial.start.roomC * trial.home.roomWhPerK,
  };
  const rows = Object.entries(start).map(([name, wh]) => {
    const fill = devices[named(name)]?.fill.at(-1);
    const row = model.rows.lower.length;
    if (fill !== undefined) model.row(wh / 1000, Infinity, [[fill, 1]]);
    return { name, row };
  });
  const { money, duals, proven } = solver.solve(model, { gap: 0, timeLimitS: 300, relaxed: true });
  if (!proven) throw new Error("the bound's linear program was not solved in 300 s");
  const worth = { battery: 0, tank: 0, room: 0 };
  for (const { name, row } of rows) worth[name as keyof typeof worth] = Math.max(0, duals[row] ?? 0);
  return { money, worth };
}

/** A run's bill with what it left in the stores beyond what it found there. */
export function comparable({ home, start }: Trial, { bill, final }: Run, { worth }: Pick<HorizonBound, "worth">): number {
  const left = {
    battery: final.batteryWh - start.batteryWh,
    tank: (final.tankC - start.tankC) * home.tankWhPerK,
    room: (final.roomC - start.roomC) * home.roomWhPerK,
  };
  return bill - (worth.battery * left.battery + worth.tank * left.tank + worth.room * left.room) / 1000;
}

function problemOf(trial: Trial, runs: readonly Run[]): Problem {
  const { home, start, slotMs } = trial;
  const { hours, importPrice, exportPrice, baseWh, pvWh, drawWh, outdoorC, cop, sessions } = realityOf(trial);
  const across = (of: (run: Run) => readonly number[], pick: (...values: number[]) => number, usual: number): number[] =>
    baseWh.map((_, slot) => pick(usual, ...runs.map((run) => of(run)[slot] ?? usual)));
  const tankC = (run: Run): readonly number[] => run.tankC;
  const roomC = (run: Run): readonly number[] => run.roomC;
  const given = (index: number): number =>
    Math.min(...runs.map((run) => sum(sessions.slice(0, index + 1).map(({ wh }, at) => wh - (run.final.carLeftWh[at] ?? 0)))));
  const wanted = sessions.map((_, index) => sum(sessions.slice(0, index + 1).map(({ wh }) => wh)));
  return Problem.parse({
    slot_minutes: slotMs / 60_000,
    import_price_per_kwh: importPrice,
    export_price_per_kwh: exportPrice,
    base_load_w: baseWh.map((wh) => wh / hours),
    pv_w: pvWh.map((wh) => wh / hours),
    pv_curtailable: true,
    grid: { import_limit_w: Math.max(home.fuseW, ...runs.map(({ peakW }) => peakW)) },
    appliances: [
      {
        type: "water_heater",
        name: "tank",
        litres: home.tankWhPerK / 1.163,
        initial_c: start.tankC,
        min_c: across(tankC, Math.min, comfort.tankC),
        max_c: across(tankC, Math.max, comfort.tankMaxC),
        ambient_c: comfort.ambientC,
        loss_w_per_k: home.tankLossWPerK,
        draw_wh: drawWh,
        power_w: home.tankW,
        on_off: false,
      },
      {
        type: "heat_pump",
        name: "room",
        capacity_wh_per_k: home.roomWhPerK,
        loss_w_per_k: home.roomLossWPerK,
        initial_c: start.roomC,
        outdoor_c: outdoorC,
        gain_w: home.roomGainW,
        min_c: across(roomC, Math.min, comfort.roomC),
        max_c: across(roomC, Math.max, comfort.roomMaxC),
        power_w: home.heatW,
        cop,
      },
      // All stays as one store that only fills: so much by the end of each, and no more than is wanted until then.
      ...(sessions.length > 0
        ? [
            {
              type: "ev" as const,
              name: "car",
              initial_wh: 0,
              capacity_wh: wanted.at(-1) ?? 0,
              plugged: sessions.map(({ from, until }) => ({ from, until })),
              bounds: sessions.flatMap(({ from, until }, index) => [
                { at: until, min_wh: Math.max(0, given(index) - 0.01) },
                { from: from + 1, until, max_wh: wanted[index] ?? 0 },
              ]),
              charge_max_w: home.carMaxW,
              charge_efficiency: home.carEfficiency,
            },
          ]
        : []),
      ...(home.batteryWh > 0
        ? [
            {
              type: "battery" as const,
              name: "battery",
              capacity_wh: home.batteryWh,
              initial_wh: start.batteryWh,
              charge_max_w: home.batteryMaxW,
              discharge_max_w: home.batteryMaxW,
              charge_efficiency: home.batteryEfficiency,
              discharge_efficiency: home.batteryEfficiency,
            },
          ]
        : []),
    ],
  });
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
