import { curveAt, curvesFrom, type CostCurves } from "../cost-curves.ts";
import type { Device } from "../home.ts";

const tiny = 1e-6;

/**
 * What slots cost where a battery follows whatever else happens: in each slot it takes or gives what pays, a Wh of its fill
 * being worth `worth`. Another appliance that is planned against these curves sees through the battery to what its energy
 * really costs; with the battery's plan standing still it would see only the bends that this plan has made.
 * @param worth money for a Wh of the battery's fill after each slot
 */
export function elasticCurves(curves: CostCurves, battery: Device, worth: Float64Array): CostCurves {
  return curvesFrom(curves.count.length, (slot) => {
    const [maxIn, maxOut] = [battery.maxIn[slot] ?? 0, battery.maxOut[slot] ?? 0];
    const [value, gain] = [worth[slot] ?? 0, battery.gain[slot] ?? 1];
    const first = slot * curves.most;
    const bends = Array.from(curves.at.subarray(first + 1, first + (curves.count[slot] ?? 1)));
    const own = (wh: number): number =>
      wh >= 0 ? wh * (battery.wear - value * gain) : -wh * (battery.wear + value * battery.drain);
    const at = (net: number): number => {
      let least = Infinity;
      for (const wh of [0, maxIn, -maxOut, ...bends.map((bend) => Math.max(-maxOut, Math.min(maxIn, bend - net)))])
        least = Math.min(least, curveAt(curves, slot, net + wh) + own(wh));
      return least;
    };
    const points = bends.flatMap((bend) => [bend, bend - maxIn, bend + maxOut]).toSorted((one, other) => one - other);
    return { points: points.filter((point, index) => index === 0 || point - (points[index - 1] ?? 0) > tiny), at };
  });
}
