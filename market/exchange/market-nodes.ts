import type { AuctionOrder } from "./auction-order.ts";
import type { PathFees } from "./path-fees.ts";

/** Orders of one limit price at one node. */
export interface Level {
  limit: number;
  wh: number;
  orders: AuctionOrder[];
}

/** Zones that are the same for one side: every way from (or to) them costs alike. */
export interface MarketNode {
  zones: string[];
  /** Sellers' cheapest first, buyers' dearest first. Orders of a level stand by their hash. */
  levels: Level[];
}

/** The market of one batch: nodes of both sides and the fee between them, Infinity where there is no way. */
export interface MarketNodes {
  sellers: MarketNode[];
  buyers: MarketNode[];
  feeOf: number[][];
}

/** Groups the orders. Where all ways cost the same there is one node on each side, and the curves cross. */
export function marketNodes(orders: readonly AuctionOrder[], fees: PathFees): MarketNodes {
  const sells = orders.filter(({ side, wh }) => side === "sell" && wh > 0);
  const buys = orders.filter(({ side, wh }) => side === "buy" && wh > 0);
  const sellZones = zonesOf(sells);
  const buyZones = zonesOf(buys);
  const fee = (from: string, to: string): number => {
    const micro = fees.between(from, to);
    return micro === null ? Infinity : Number(micro);
  };
  const sources = representatives(sellZones, fees);
  const targets = representatives(buyZones, fees);
  const sellGroups = alike(sellZones, (zone) => targets.map((to) => fee(zone, to)).join(), fees);
  const buyGroups = alike(buyZones, (zone) => sources.map((from) => fee(from, zone)).join(), fees);
  return {
    sellers: sellGroups.map((zones) => ({ zones, levels: levelsOf(ofZones(sells, zones), 1) })),
    buyers: buyGroups.map((zones) => ({ zones, levels: levelsOf(ofZones(buys, zones), -1) })),
    feeOf: sellGroups.map(([from = ""]) => buyGroups.map(([to = ""]) => fee(from, to))),
  };
}

const zonesOf = (orders: readonly AuctionOrder[]): string[] => [...new Set(orders.map(({ zone }) => zone))].toSorted();

/** Each zone that a way names, and one that stands for all others. */
function representatives(zones: readonly string[], fees: PathFees): string[] {
  const other = zones.find((zone) => !fees.names(zone));
  return zones.filter((zone) => zone === other || fees.names(zone));
}

function alike(zones: readonly string[], signOf: (zone: string) => string, fees: PathFees): string[][] {
  const groups = new Map<string, string[]>();
  const first = zones.find((zone) => !fees.names(zone)) ?? "";
  for (const zone of zones) {
    const sign = signOf(fees.names(zone) ? zone : first);
    const group = groups.get(sign) ?? [];
    groups.set(sign, group);
    group.push(zone);
  }
  return [...groups.values()];
}

function ofZones(orders: readonly AuctionOrder[], zones: readonly string[]): AuctionOrder[] {
  const here = new Set(zones);
  return orders.filter(({ zone }) => here.has(zone));
}

/** @param direction 1: lowest limit first, -1: highest first */
function levelsOf(orders: readonly AuctionOrder[], direction: 1 | -1): Level[] {
  const priced = orders.map((order) => ({ order, limit: Number(order.limit) }));
  priced.sort((one, other) => direction * (one.limit - other.limit) || (one.order.hash < other.order.hash ? -1 : 1));
  const levels: Level[] = [];
  for (const { order, limit } of priced) {
    const last = levels.at(-1);
    if (last?.limit === limit) {
      last.orders.push(order);
      last.wh += order.wh;
    } else levels.push({ limit, wh: order.wh, orders: [order] });
  }
  return levels;
}
