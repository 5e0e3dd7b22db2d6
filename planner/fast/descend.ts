import { costCurves, curveAt, type CostCurves } from "../cost-curves.ts";
import type { Device, Flow, Home } from "../home.ts";
import { deviceMoney, netOf } from "../objective.ts";
import { idle } from "../physics.ts";
import { closeGrid, wideGrid } from "./grids.ts";
import { elasticCurves } from "./elastic-curves.ts";
import { runCheck } from "./run-check.ts";
import { brokenRunWh, planDevice, planScratch, type PlanScratch } from "./plan-device.ts";

/** One look at all appliances: how finely and how closely their fill is seen. */
export interface Look {
  levels: number;
  /** Share of the whole range on each side of the plan so far; null: the whole range. */
  share: number | null;
  /** Most rounds over all appliances. */
  rounds: number;
  /** Rounds after each pair of appliances has been planned anew together; 0: no pairs. */
  pairs: number;
  /** Whether appliances are also planned as if the battery followed them. */
  through: boolean;
}

/** Import above `wh` in a slot is charged with `price` for each Wh of it. */
export interface Peak {
  wh: Float64Array;
  price: number;
}

/** A round that saves less than this, in money, is the last of its look. */
const worthwhile = 1e-4;
/** Share of the money that a pair may still be dearer before the others have followed. */
const promising = 0.01;
/** A pair looks for another valley, not for its bottom. */
const pairLevels = 24;
const tiny = 1e-9;

/**
 * Makes a plan better, appliance by appliance: each by dynamic programming against the rest, in turn, until nothing gets
 * better. Two appliances that stand in each other's way find another place only together: pairs are planned anew, the second
 * taken out while the first chooses. Yields after each pass over one appliance.
 * @param given curves to plan against in place of the home's, and room to work in that outlasts the plan
 */
export function* descend(
  home: Home,
  looks: readonly Look[],
  peak: Peak,
  start: readonly Flow[],
  given: { curves?: CostCurves; scratch?: PlanScratch } = {},
): Generator<void, Flow[]> {
  const { curves = costCurves(home), scratch = planScratch() } = given;
  const wide = home.devices.map((device) => wideGrid(device));
  const order = home.devices.map((_, index) => index).toSorted((one, other) => firmness(home, other) - firmness(home, one));
  const nothing = idle(home.hours.length);
  const checks = home.devices.map((device) => runCheck(device));
  const moneyOf = (flows: readonly Flow[]): number => moneyBy(curves, peak, home, flows) + brokenMoney(home, checks, flows);
  const batteries = order.filter((index) => home.devices[index]?.maxOut.some((wh) => wh > 0));
  let best = [...start];
  let money = moneyOf(best);
  for (const look of looks) {
    const replan = function* (flows: readonly Flow[], index: number, levels = look.levels, through?: Through): Steps<Flow[]> {
      const [device, whole, own] = [home.devices[index], wide[index], flows[index]];
      if (!device || !whole || !own) return [...flows];
      const net = netOf(
        home,
        flows.filter((_, other) => other !== index && other !== through?.battery),
      );
      const grid = look.share === null ? whole(levels) : closeGrid(device, own, whole(levels), look.share);
      const rest = { curves: through?.curves ?? curves, net, peakWh: peak.wh, peakPrice: peak.price };
      const planned = planDevice(device, rest, grid, scratch);
      if (batteries.includes(index)) worths.set(index, planned.worth);
      yield;
      return flows.with(index, planned.flow);
    };
    const worths = new Map<number, Float64Array>();
    /** The appliance as if the battery followed it, then the battery that does. */
    const replanThrough = function* (flows: readonly Flow[], index: number, battery: number): Steps<Flow[]> {
      const [device, worth] = [home.devices[battery], worths.get(battery)];
      if (!device || !worth) return [...flows];
      const through = { battery, curves: elasticCurves(curves, device, worth) };
      return yield* replan(yield* replan(flows, index, look.levels, through), battery);
    };
    const inTurn = function* (flows: Flow[], rounds: number, through: boolean): Steps<[Flow[], number]> {
      let [now, nowMoney] = [flows, moneyOf(flows)];
      const keep = (tried: Flow[]): void => {
        const after = moneyOf(tried);
        if (after < nowMoney - tiny) [now, nowMoney] = [tried, after];
      };
      for (let round = 0; round < rounds; round += 1) {
        const before = nowMoney;
        for (const index of order) keep(yield* replan(now, index));
        for (const battery of through ? batteries : [])
          for (const index of order) if (index !== battery) keep(yield* replanThrough(now, index, battery));
        if (nowMoney > before - worthwhile) break;
      }
      return [now, nowMoney];
    };
    [best, money] = yield* inTurn(best, look.rounds, look.through);
    if (look.pairs === 0) continue;
    for (const first of order)
      for (const second of order) {
        if (first === second) continue;
        const alone = yield* replan(best.with(second, nothing), first, pairLevels);
        // What stays where it is without the other does not stand in its way.
        if (isSame(alone[first], best[first])) continue;
        const other = yield* replan(alone, second, pairLevels);
        // What is far off after both have chosen does not come back.
        if (moneyOf(other) > money + Math.abs(money) * promising) continue;
        const [tried, after] = yield* inTurn(other, look.pairs, false);
        if (after < money - tiny) [best, money] = [tried, after];
      }
  }
  return best;
}

type Steps<Result> = Generator<void, Result>;

/** A battery that is seen through, and the curves that it makes. */
interface Through {
  battery: number;
  curves: CostCurves;
}

/** Whether two plans of an appliance are one, but for less than a Wh. */
function isSame(one: Flow | undefined, other: Flow | undefined): boolean {
  const near = (wh: number, than: number | undefined): boolean => Math.abs(wh - (than ?? 0)) < 1;
  return (
    one !== undefined &&
    other !== undefined &&
    one.in.every((wh, slot) => near(wh, other.in[slot])) &&
    one.out.every((wh, slot) => near(wh, other.out[slot]))
  );
}

/** Appliances with the least choice first. */
function firmness(home: Home, index: number): number {
  const device: Device | undefined = home.devices[index];
  return device ? Math.max(...device.maxIn) - Math.max(...device.maxOut) : 0;
}

/** What schedules cost that nothing should begin with, such as a rest where a run is still under way. */
function brokenMoney(home: Home, checks: readonly ((flow: Flow) => boolean)[], flows: readonly Flow[]): number {
  let money = 0;
  for (const [index, device] of home.devices.entries()) {
    const flow = flows[index];
    if (flow && !checks[index]?.(flow)) money += device.shortfallPrice * brokenRunWh;
  }
  return money;
}

function moneyBy(curves: CostCurves, peak: Peak, home: Home, flows: readonly Flow[]): number {
  const net = netOf(home, flows);
  let money = 0;
  for (let slot = 0; slot < net.length; slot += 1) {
    const wh = net[slot] as number;
    money += curveAt(curves, slot, wh);
    if (peak.price > 0) money += Math.max(0, wh - (peak.wh[slot] as number)) * peak.price;
  }
  for (const [index, device] of home.devices.entries()) {
    const flow = flows[index];
    if (flow) money += deviceMoney(device, flow);
  }
  return money;
}
