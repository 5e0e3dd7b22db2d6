import type { Device, Home } from "../home.ts";
import { deviceColumns } from "./device-columns.ts";
import { linearModel, type LinearModel } from "./linear-model.ts";
import { milpOf } from "./milp-of.ts";
import { isPlainRelay, relayBound } from "./relay-bound.ts";
import type { SolveOptions, Solver } from "./solve-milp.ts";
import { isStiff, stiffSchedules, withLooseStiff } from "./stiff-schedules.ts";

const mostRounds = 30;

/**
 * Money that no plan of the home can stay below, proven: the better of two bounds.
 * - Duty: relays may be on for a part of a slot, and rules of rest and run are dropped.
 * - Lagrange: relays and programmes are taken out of the home and buy their energy at the home's own marginal prices; the home
 *   without them and each of them by itself are bounded as they are. For any prices the sum is a bound; those of the best mixture
 *   of their schedules make it a close one.
 */
export function lowerBound(solver: Solver, home: Home, options: { gap: number; timeLimitS: number }): number {
  const duty = solver.solve(milpOf(home, { whole: "duty" }).model, options).bound;
  if (!home.devices.some((device) => isStiff(device))) return duty;
  const { prices } = stiffSchedules(solver, home, { rounds: mostRounds });
  let lagrange = solver.solve(withoutStiff(home, prices), options).bound;
  for (const device of home.devices) if (isStiff(device)) lagrange += boundAlone(solver, home, device, prices, options);
  return Math.max(duty, lagrange);
}

/** The home that sells its stiff appliances any energy that their power allows, at `prices` (money per kWh). */
function withoutStiff(home: Home, prices: readonly number[]): LinearModel {
  const { model, devices } = milpOf(withLooseStiff(home), { whole: "duty" });
  for (const [index, { taken }] of devices.entries()) {
    const device = home.devices[index];
    if (!device || !isStiff(device)) continue;
    for (const [slot, column] of taken.entries()) if (column >= 0) model.columns.cost[column] = -(prices[slot] ?? 0);
  }
  return model;
}

/** What one appliance with all its rules pays at least where it buys at `prices`. */
function boundAlone(solver: Solver, home: Home, device: Device, prices: readonly number[], options: SolveOptions): number {
  if (isPlainRelay(device)) return relayBound(device, prices);
  const model = linearModel();
  const { taken } = deviceColumns(model, home, device, { whole: "all", exporting: prices.map(() => null) });
  for (const [slot, column] of taken.entries())
    if (column >= 0) model.columns.cost[column] = (model.columns.cost[column] ?? 0) + (prices[slot] ?? 0);
  return solver.solve(model, options).bound;
}
