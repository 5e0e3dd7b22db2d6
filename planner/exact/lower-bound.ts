import type { Device, Home } from "../home.ts";
import { deviceColumns } from "./device-columns.ts";
import { linearModel } from "./linear-model.ts";
import { milpOf } from "./milp-of.ts";
import type { Solver } from "./solve-milp.ts";

const perKwh = 1000;

/**
 * Money that no plan of the home can stay below, proven: the better of two bounds.
 * - Duty: relays may be on for a part of a slot, and rules of rest and run are dropped.
 * - Lagrange: relays are taken out of the home and bought their energy at the home's own marginal price; the home without them
 *   and each relay by itself are solved as they are. For any price the sum is a bound.
 */
export function lowerBound(solver: Solver, home: Home, options: { gap: number; timeLimitS: number }): number {
  const duty = solver.solve(milpOf(home, { whole: "duty" }).model, options).bound;
  const relays = home.devices.filter((device) => isRelay(device));
  if (relays.length === 0) return duty;
  const { model, balance } = milpOf(home, { whole: "duty" });
  const { duals } = solver.solve(model, { ...options, relaxed: true });
  const prices = balance.map((row) => duals[row] ?? 0);
  const rest = solver.solve(withoutRelays(home, prices), options).bound;
  let lagrange = rest;
  for (const relay of relays) lagrange += solver.solve(relayAlone(home, relay, prices), options).bound;
  return Math.max(duty, lagrange);
}

const isRelay = (device: Device): boolean => device.onOff && !device.profile;

/** The home with any energy of the relays that their power allows, sold to them at `prices` (money per kWh). */
function withoutRelays(home: Home, prices: readonly number[]): ReturnType<typeof linearModel> {
  const free = (device: Device): Device => {
    const slots = device.keep.length;
    const wide = new Float64Array(slots);
    return {
      ...device,
      onOff: false,
      minIn: wide,
      low: wide.map(() => -Infinity),
      high: wide.map(() => Infinity),
      floor: -Infinity,
      ceiling: Infinity,
      finalValue: 0,
      wear: 0,
      demand: wide,
      run: { ...device.run, minOn: 1, minOff: 1, maxOff: Infinity, once: false, startCost: 0 },
    };
  };
  const { model, devices } = milpOf(
    { ...home, devices: home.devices.map((one) => (isRelay(one) ? free(one) : one)) },
    { whole: "duty" },
  );
  for (const [index, { taken }] of devices.entries()) {
    const device = home.devices[index];
    if (!device || !isRelay(device)) continue;
    for (const [slot, column] of taken.entries()) if (column >= 0) model.columns.cost[column] = -(prices[slot] ?? 0);
  }
  return model;
}

/** One relay with all its rules, that buys at `prices`. */
function relayAlone(home: Home, relay: Device, prices: readonly number[]): ReturnType<typeof linearModel> {
  const model = linearModel();
  const { taken } = deviceColumns(model, home, relay, { whole: "all", exporting: prices.map(() => null) });
  for (const [slot, column] of taken.entries())
    if (column >= 0) model.columns.cost[column] = relay.wear * perKwh + (prices[slot] ?? 0);
  return model;
}
