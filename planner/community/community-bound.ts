import { linearModel, type LinearModel } from "../exact/linear-model.ts";
import { milpOf } from "../exact/milp-of.ts";
import type { Solver } from "../exact/solve-milp.ts";
import type { Home } from "../home.ts";
import type { Feeder } from "./board.ts";

const perKwh = 1000;
const relaxed = { gap: 0, timeLimitS: 600, relaxed: true };

/**
 * Money that a home cannot stay below where each Wh of its net costs `price` more: its linear relaxation, in which relays and
 * least powers may be on for a part of a slot.
 */
export function pricedHomeBound(solver: Solver, home: Home, price: Float64Array): number {
  const dearer = (prices: Float64Array): Float64Array => prices.map((own, slot) => own + (price[slot] ?? 0));
  const priced = {
    ...home,
    importPrice: dearer(home.importPrice),
    exportPrice: dearer(home.exportPrice),
    traded: home.traded && {
      ...home.traded,
      undrawnPrice: dearer(home.traded.undrawnPrice),
      unfedPrice: dearer(home.traded.unfedPrice),
    },
  };
  return solver.solve(milpOf(priced, { whole: "duty" }).model, relaxed).bound;
}

/** What a member pays on top for each Wh: the prices of all feeders that it hangs on. */
export function priceFor(
  feeders: readonly Feeder[],
  prices: readonly Float64Array[],
  member: number,
  slots: number,
): Float64Array {
  const sum = new Float64Array(slots);
  for (const [index, { members }] of feeders.entries())
    if (members.includes(member))
      for (let slot = 0; slot < slots; slot += 1) sum[slot] = (sum[slot] ?? 0) + (prices[index]?.[slot] ?? 0);
  return sum;
}

/**
 * What the limits take off a sum of priced bounds (Lagrange): the price of all that fits. With any prices the sum of
 * `pricedHomeBound` less this is money that no plan of the community within its limits stays below.
 */
export function limitMoney(feeders: readonly Feeder[], prices: readonly Float64Array[]): number {
  let money = 0;
  for (const [index, { importLimitWh, exportLimitWh }] of feeders.entries())
    for (const [slot, price] of (prices[index] ?? []).entries()) {
      if (price > 0) money += price * (importLimitWh[slot] ?? Infinity);
      if (price < 0) money -= price * (exportLimitWh[slot] ?? Infinity);
    }
  return money;
}

/** The same without prices: one linear relaxation of all homes and limits together. Minutes for a hundred homes. */
export function monolithBound(solver: Solver, homes: readonly Home[], feeders: readonly Feeder[]): number {
  const model = linearModel();
  const grids = homes.map((home) => {
    const own = milpOf(home, { whole: "duty" });
    const first = append(model, own.model);
    return own.grid.map((entries) => entries.map(([column, share]): [number, number] => [column + first, share]));
  });
  for (const { members, importLimitWh, exportLimitWh } of feeders)
    for (const [slot, limit] of importLimitWh.entries())
      model.row(
        -(exportLimitWh[slot] ?? Infinity) / perKwh,
        limit / perKwh,
        members.flatMap((member) => grids[member]?.[slot] ?? []),
      );
  return solver.solve(model, relaxed).bound;
}

/** Puts a model beside what is there; returns the number of its first column. */
function append(model: LinearModel, { columns, rows }: LinearModel): number {
  const first = model.columns.lower.length;
  for (const [index, lower] of columns.lower.entries())
    model.column(lower, columns.upper[index] ?? Infinity, columns.cost[index] ?? 0, columns.whole[index]);
  for (const [row, lower] of rows.lower.entries()) {
    const entries: [number, number][] = [];
    for (let at = rows.starts[row] ?? 0; at < (rows.starts[row + 1] ?? 0); at += 1)
      entries.push([(rows.indices[at] ?? 0) + first, rows.values[at] ?? 0]);
    model.row(lower, rows.upper[row] ?? Infinity, entries);
  }
  return first;
}
