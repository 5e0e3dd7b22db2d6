import type { AuctionOrder } from "../../market/exchange/auction-order.ts";
import type { PathFees } from "../../market/exchange/path-fees.ts";
import { linearModel } from "../../planner/exact/linear-model.ts";
import type { Solver } from "../../planner/exact/solve-milp.ts";

/**
 * The greatest welfare that any deliveries between the orders can have, by linear programming: one column an order, one for each
 * way between zones. It knows nothing of prices, levels or participants. In thousandths of a micro-unit.
 */
export function bookOptimum(solver: Solver, orders: readonly AuctionOrder[], fees: PathFees): number {
  if (orders.length === 0) return 0;
  const model = linearModel();
  const zones = [...new Set(orders.map(({ zone }) => zone))];
  const balance = { sell: new Map<string, [number, number][]>(), buy: new Map<string, [number, number][]>() };
  for (const zone of zones) {
    balance.sell.set(zone, []);
    balance.buy.set(zone, []);
  }
  for (const { side, zone, limit, wh } of orders) {
    const worth = Number(limit);
    balance[side].get(zone)?.push([model.column(0, wh, side === "sell" ? worth : -worth), 1]);
  }
  for (const from of zones)
    for (const to of zones) {
      const fee = fees.between(from, to);
      if (fee === null) continue;
      const flow = model.column(0, Infinity, Number(fee));
      balance.sell.get(from)?.push([flow, -1]);
      balance.buy.get(to)?.push([flow, -1]);
    }
  for (const side of ["sell", "buy"] as const) for (const zone of zones) model.row(0, 0, balance[side].get(zone) ?? []);
  return -solver.solve(model, { gap: 0, timeLimitS: 600, relaxed: true }).money;
}
