import { curvesFrom, type CostCurves } from "../cost-curves.ts";
import { gridMoney } from "../grid-money.ts";
import type { Home } from "../home.ts";
import { slotBends } from "../slot-cost.ts";
import type { Ask, Pull } from "./party.ts";

/** What a slot is charged with on top of the home's own prices, as the ask says it and the home allows it. */
export interface Surcharge extends Pick<Ask<unknown>, "price" | "most" | "least" | "pull"> {
  /** Money for each Wh beyond the room. */
  beyond: number;
}

/** How a slot's energy crosses the meter under an ask. */
export interface GridSlot {
  /** What the feeder sees, Wh. */
  gridWh: number;
  /** By the home's own prices. */
  money: number;
  /** By the ask too: what the plan makes small. */
  merit: number;
}

/** Bends by which a pull's curve is drawn, on each side of its middle. */
const pullBends = 4;

/** What of the PV is used under an ask, and what that costs. @param net Wh before curtailment */
export function gridSlot(home: Home, ask: Surcharge, slot: number, net: number): GridSlot {
  let best = crossed(home, ask, slot, net);
  const pv = home.curtailable ? (home.pvWh[slot] ?? 0) : 0;
  if (pv <= 0) return best;
  for (const limit of bendsOf(home, ask, slot).concat(net + pv)) {
    if (limit <= net || limit > net + pv) continue;
    const other = crossed(home, ask, slot, limit);
    if (other.merit < best.merit - 1e-12) best = other;
  }
  return best;
}

/** The home's cost of each slot under an ask, as the fast planner reads it. */
export function gridCurves(home: Home, ask: Surcharge): CostCurves {
  return curvesFrom(home.hours.length, (slot) => {
    const bends = bendsOf(home, ask, slot);
    const pv = home.curtailable ? (home.pvWh[slot] ?? 0) : 0;
    const all = pv > 0 ? [...bends, ...bends.map((bend) => bend - pv)] : bends;
    const points = all
      .toSorted((one, other) => one - other)
      .filter((bend, index, sorted) => bend - (sorted[index - 1] ?? -Infinity) > 1e-6);
    return { points, at: (net) => gridSlot(home, ask, slot, net).merit };
  });
}

function crossed(home: Home, { price, most, least, beyond, pull }: Surcharge, slot: number, wh: number): GridSlot {
  const mostExport = home.exportLimitWh[slot] as number;
  // What goes beyond the home's own export limit is lost before it reaches the feeder.
  const gridWh = Math.max(wh, -mostExport);
  const over = Math.max(0, wh - (home.importLimitWh[slot] as number), -wh - mostExport);
  const money = gridMoney(home, slot, gridWh) + over * home.gridPenalty;
  const outside = Math.max(0, gridWh - (most[slot] as number), (least[slot] as number) - gridWh);
  let merit = money + gridWh * (price[slot] as number) + (outside > 0 ? outside * beyond : 0);
  if (isPulled(pull, slot)) merit += pull.pricePerWh2 * (gridWh - (pull.towards[slot] as number)) ** 2;
  return { gridWh, money, merit };
}

function bendsOf(home: Home, { most, least, pull }: Surcharge, slot: number): number[] {
  const bends = [...slotBends(home, slot), most[slot] as number, least[slot] as number];
  if (isPulled(pull, slot)) {
    const reach = reachOf(home, slot);
    for (let bend = -pullBends; bend <= pullBends; bend += 1)
      bends.push((pull.towards[slot] as number) + (bend / pullBends) * reach);
  }
  return bends.filter((bend) => Number.isFinite(bend));
}

const isPulled = (pull: Pull | undefined, slot: number): pull is Pull => pull !== undefined && slot >= (pull.from ?? 0);

/** The most that the home's appliances can move, Wh. */
function reachOf(home: Home, slot: number): number {
  let reach = 0;
  for (const device of home.devices)
    reach += device.profile ? Math.max(0, ...device.profile) : (device.maxIn[slot] ?? 0) + (device.maxOut[slot] ?? 0);
  return reach;
}
