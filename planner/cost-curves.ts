import type { Home } from "./home.ts";
import { slotBends, slotCost } from "./slot-cost.ts";

/**
 * What each slot costs as a function of its net energy: straight between a few points. The same as slotCost, for those who ask
 * it a million times.
 */
export interface CostCurves {
  /** Points of slot s are at index s * most and after it; net energies in Wh, rising. The first is no bend. */
  most: number;
  count: Int32Array;
  at: Float64Array;
  money: Float64Array;
  /** Money for a Wh more, from each point on; the first of each slot also holds before it. */
  slope: Float64Array;
}

const farWh = 1000;

/** Curves from the points at which each slot's money bends (Wh, rising) and the money at any net energy. */
export function curvesFrom(
  slots: number,
  of: (slot: number) => { points: readonly number[]; at: (net: number) => number },
): CostCurves {
  const all = Array.from({ length: slots }, (_, slot) => of(slot));
  const most = Math.max(1, ...all.map(({ points }) => points.length)) + 1;
  const curves: CostCurves = {
    most,
    count: new Int32Array(slots),
    at: new Float64Array(slots * most),
    money: new Float64Array(slots * most),
    slope: new Float64Array(slots * most),
  };
  for (const [slot, { points, at }] of all.entries()) {
    // One point well before the first bend gives the slope there.
    const nets = [(points[0] ?? 0) - farWh, ...points];
    const money = [...nets, (nets.at(-1) ?? 0) + farWh].map((net) => at(net));
    curves.count[slot] = nets.length;
    for (const [index, net] of nets.entries()) {
      curves.at[slot * most + index] = net;
      curves.money[slot * most + index] = money[index] ?? 0;
      curves.slope[slot * most + index] =
        ((money[index + 1] ?? 0) - (money[index] ?? 0)) / ((nets[index + 1] ?? net + farWh) - net);
    }
  }
  return curves;
}

/** The home's own curves: bends where import turns into export, where what was traded ends, at the limits, and where curtailing begins to pay. */
export function costCurves(home: Home): CostCurves {
  return curvesFrom(home.hours.length, (slot) => {
    const pv = home.curtailable ? (home.pvWh[slot] ?? 0) : 0;
    const limits = slotBends(home, slot);
    const all = pv > 0 ? [...limits, ...limits.map((limit) => limit - pv)] : limits;
    const points = [...new Set(all.filter((one) => Number.isFinite(one)))].toSorted((one, other) => one - other);
    return { points, at: (net) => slotCost(home, slot, net) };
  });
}

/** Money for a slot's net energy. @param net Wh */
export function curveAt(curves: CostCurves, slot: number, net: number): number {
  const first = slot * curves.most;
  let index = first + (curves.count[slot] as number) - 1;
  while (index > first && (curves.at[index] as number) > net) index -= 1;
  return (curves.money[index] as number) + (curves.slope[index] as number) * (net - (curves.at[index] as number));
}
