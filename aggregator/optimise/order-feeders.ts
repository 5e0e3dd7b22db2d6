import type { Slot } from "../../core/slots.ts";
import type { Feeder } from "../../planner/community/board.ts";
import { boundAt } from "../flexibility/flex-orders.ts";
import type { KeptOrder } from "../store/flex-order-store.ts";
import type { FeederGroup } from "./feeder-groups.ts";
import { reservedFeeder } from "./limit-reserve.ts";

/**
 * What grid operators have ordered of a group's feeders, as limits. A feeder's own limits stand above every wish of its homes, these
 * below: what they fall short of costs the aggregator a penalty, and no home its warm water. Both stand above prices.
 * @param options.points congestion points of grid operators by feeder
 * @param options.reserveW what is left free below them for what no forecast has, by feeder; nobody is short of an order for it
 */
export function orderFeeders(
  group: FeederGroup,
  slots: readonly Slot[],
  hours: Float64Array,
  options: { orders: readonly KeptOrder[]; points: ReadonlyMap<string, string>; reserveW: (feeder: string) => number },
): { orders: Feeder[]; reserves: Feeder[] } {
  const bounded = group.feeders.flatMap(({ name, sites }) => {
    const point = options.points.get(name);
    if (point === undefined || !options.orders.some((order) => order.point === point)) return [];
    const bounds = slots.map(({ startMs }) => boundAt(options.orders, point, startMs));
    const feeder: Feeder = {
      name: `orders at ${name}`,
      importLimitWh: hours.map((h, slot) => h * (bounds[slot]?.mostW ?? Infinity)),
      exportLimitWh: hours.map((h, slot) => -h * (bounds[slot]?.leastW ?? -Infinity)),
      members: sites.map((site) => group.sites.indexOf(site)),
      soft: true,
    };
    return [{ feeder, reserve: reservedFeeder(feeder, hours, options.reserveW(name)) }];
  });
  return { orders: bounded.map(({ feeder }) => feeder), reserves: bounded.map(({ reserve }) => reserve) };
}
