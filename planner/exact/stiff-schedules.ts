import { curvesFrom } from "../cost-curves.ts";
import { planDevice, planScratch, type PlanScratch } from "../fast/plan-device.ts";
import { wideGrid } from "../fast/grids.ts";
import type { Device, Flow, Home } from "../home.ts";
import { deviceMoney } from "../objective.ts";
import { noRules } from "../run-rules.ts";
import { milpOf, type Milp } from "./milp-of.ts";
import type { Solver } from "./solve-milp.ts";

const perKwh = 1000;
/** The levels of fill by which one appliance is planned at given prices. */
const levels = 400;
const timeLimitS = 5;

/** What keeps a solver busy for minutes: relays, and programmes. */
export const isStiff = (device: Device): boolean => device.onOff || device.profile !== null;

/** Whole schedules of the stiff appliances, by their number, and what energy is worth in each slot, money per kWh. */
export interface StiffSchedules {
  byDevice: Map<number, Flow[]>;
  prices: number[];
}

/**
 * Schedules among which the stiff appliances of a good plan find theirs, by column generation: the home's linear program mixes
 * the schedules known so far, its marginal prices lead each appliance to another schedule by dynamic programming, and so on
 * until none is new.
 * @param known schedules to begin with, one for each appliance
 * @throws AppError plan-no-solution
 */
export function stiffSchedules(solver: Solver, home: Home, options: { rounds: number; known?: readonly Flow[] }): StiffSchedules {
  const scratch = planScratch();
  const byDevice = new Map<number, Flow[]>();
  for (const [index, device] of home.devices.entries()) {
    const flow = options.known?.[index];
    if (isStiff(device)) byDevice.set(index, flow ? [flow] : []);
  }
  let prices = pricesOf(solver, milpOf(home, { whole: "duty" }));
  for (let round = 0; round < options.rounds; round += 1) {
    let isNew = false;
    for (const [index, schedules] of byDevice) {
      const device = home.devices[index];
      if (!device) continue;
      const flow = atPrices(device, prices, scratch);
      if (schedules.some((one) => same(one, flow))) continue;
      schedules.push(flow);
      isNew = true;
    }
    if (!isNew) break;
    prices = pricesOf(solver, mixtureOf(home, byDevice, "duty").milp);
  }
  return { byDevice, prices };
}

/** The home's program with each stiff appliance's energy as a mixture of its schedules; with "all", exactly one of them. */
export function mixtureOf(
  home: Home,
  byDevice: ReadonlyMap<number, readonly Flow[]>,
  whole: "all" | "duty",
): { milp: Milp; shares: Map<number, number[]> } {
  const milp = milpOf(withLooseStiff(home), { whole });
  const { model, devices } = milp;
  const shares = new Map<number, number[]>();
  for (const [index, schedules] of byDevice) {
    const [device, columns] = [home.devices[index], devices[index]];
    if (!device || !columns) continue;
    const share = schedules.map((flow) => model.column(0, 1, deviceMoney(device, flow), whole === "all"));
    model.row(
      1,
      1,
      share.map((column) => [column, 1]),
    );
    for (const [slot, column] of columns.taken.entries()) {
      if (column < 0) continue;
      // Free of bounds of its own, or its price would not be that of the energy.
      model.columns.lower[column] = -Infinity;
      model.columns.upper[column] = Infinity;
      model.row(0, 0, [
        [column, 1],
        ...share.map((one, each): [number, number] => [one, -(schedules[each]?.in[slot] ?? 0) / perKwh]),
      ]);
    }
    shares.set(index, share);
  }
  return { milp, shares };
}

/** The home whose stiff appliances may take any energy that their power allows, without a wish or a rule. */
export function withLooseStiff(home: Home): Home {
  return { ...home, devices: home.devices.map((device) => (isStiff(device) ? loose(device) : device)) };
}

function loose(device: Device): Device {
  const nothing = new Float64Array(device.keep.length);
  const mostWh = device.profile ? Math.max(0, ...device.profile) : 0;
  return {
    ...device,
    profile: null,
    onOff: false,
    ...(device.profile && { maxIn: nothing.map(() => mostWh) }),
    minIn: nothing,
    low: nothing.map(() => -Infinity),
    high: nothing.map(() => Infinity),
    floor: -Infinity,
    ceiling: Infinity,
    finalValue: 0,
    wear: 0,
    demand: nothing,
    run: { ...noRules },
  };
}

function pricesOf(solver: Solver, { model, balance }: Milp): number[] {
  const { duals } = solver.solve(model, { gap: 0, timeLimitS, relaxed: true });
  return balance.map((row) => duals[row] ?? 0);
}

/** The cheapest schedule of an appliance that buys at `prices`. */
function atPrices(device: Device, prices: readonly number[], scratch: PlanScratch): Flow {
  const slots = prices.length;
  const curves = curvesFrom(slots, (slot) => ({ points: [0], at: (wh) => (wh * (prices[slot] ?? 0)) / perKwh }));
  const nothing = new Float64Array(slots);
  const rest = { curves, net: nothing, peakWh: nothing.map(() => Infinity), peakPrice: 0 };
  return planDevice(device, rest, wideGrid(device)(levels), scratch).flow;
}

const same = (one: Flow, other: Flow): boolean => one.in.every((wh, slot) => Math.abs(wh - (other.in[slot] ?? 0)) < 1e-6);
