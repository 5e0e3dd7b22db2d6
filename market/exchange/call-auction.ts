import { AppError } from "../../core/app-error.ts";
import { moneyMicro } from "../../core/units.ts";
import { type AuctionOrder, mostLimit, mostWh } from "./auction-order.ts";
import { marketNodes, type MarketNode } from "./market-nodes.ts";
import { type Fill, type Pair, pairOrders, partFromSelf } from "./pair-orders.ts";
import type { PathFees } from "./path-fees.ts";
import { shareOut } from "./share-out.ts";
import { solveTransport } from "./transport.ts";
import { nodePrices, type UsedWay } from "./zone-prices.ts";

/** One delivery between two orders. Money in micro-units; negative where the price is. */
export interface AuctionTrade {
  buy: AuctionOrder;
  sell: AuctionOrder;
  wh: number;
  /** What the seller gets, micro-units per kWh. */
  price: bigint;
  /** What the grid gets on top, micro-units per kWh. The buyer pays both. */
  fee: bigint;
  /** By the buyer: price and fee times energy, rounded half-even once. */
  paid: bigint;
  /** By the seller: price times energy, rounded likewise. What lies between goes to the grid. */
  received: bigint;
}

/** What an order did not trade. */
export interface Unmatched {
  order: AuctionOrder;
  wh: number;
  /** Part of it that only the participant's own other side would have taken. */
  ownWh: number;
}

/** Prices in one zone, micro-units per kWh; null where that side traded nothing. */
export interface ZonePrice {
  zone: string;
  /** What sellers get. */
  sell: bigint | null;
  /** What buyers pay, fee included. */
  buy: bigint | null;
}

/** The result of one batch. */
export interface Clearing {
  trades: AuctionTrade[];
  unmatched: Unmatched[];
  zones: ZonePrice[];
  volumeWh: number;
  /** Bids less asks less fees of all that is traded, in thousandths of a micro-unit: Wh times micro-units per kWh, exact. */
  welfareNano: bigint;
}

/**
 * Clears one batch of one delivery slot: the greatest welfare that the orders allow, then the greatest volume. One price where
 * all ways cost the same, else one for each group of zones; on the way the orders at the margin share in proportion to their
 * volume. Neither the order of the list nor the time of arrival matters.
 * @throws AppError market-bad-order for a volume or a limit that cannot be reckoned with, or a hash that is there twice
 */
export function clearAuction(orders: readonly AuctionOrder[], fees: PathFees): Clearing {
  checkOrders(orders);
  const { sellers, buyers, feeOf } = marketNodes(orders, fees);
  const plan = solveTransport(
    sellers.map(({ levels }) => levels),
    buyers.map(({ levels }) => levels),
    feeOf,
  );
  const first = pairOrders(
    sellers.map((node, at) => fillsOf(node, plan.soldWh[at] ?? 0)),
    buyers.map((node, at) => fillsOf(node, plan.boughtWh[at] ?? 0)),
    plan.flowWh,
  );
  const { pairs, own } = partFromSelf(first, () => {
    const { sell, buy } = nodePrices(usedWays(first), feeOf, buyers.length);
    return (seller, buyer) => (buy[buyer] ?? Infinity) - (sell[seller] ?? Infinity) === feeOf[seller]?.[buyer];
  });
  const prices = nodePrices(usedWays(pairs), feeOf, buyers.length);
  const trades = pairs.map((pair) => tradeOf(pair, prices.sell[pair.seller] ?? 0, feeOf[pair.seller]?.[pair.buyer] ?? 0));
  const zones = zonePrices(sellers, buyers, prices);
  return {
    trades,
    unmatched: unmatchedOf(orders, trades, own),
    zones,
    volumeWh: trades.reduce((sum, { wh }) => sum + wh, 0),
    welfareNano: trades.reduce((sum, trade) => sum + welfareOf(trade), 0n),
  };
}

function checkOrders(orders: readonly AuctionOrder[]): void {
  const seen = new Set<string>();
  for (const { hash, wh, limit } of orders) {
    if (!Number.isInteger(wh) || wh < 0 || wh > mostWh)
      throw new AppError("market-bad-order", `order ${hash} is for ${wh} Wh, expected whole Wh from 0 to ${mostWh}`);
    if (limit > mostLimit || limit < -mostLimit)
      throw new AppError("market-bad-order", `order ${hash} has limit ${limit}, expected at most ${mostLimit} either way`);
    if (seen.has(hash)) throw new AppError("market-bad-order", `order ${hash} is there twice`);
    seen.add(hash);
  }
}

/** Whole levels, and the last one shared. */
function fillsOf({ levels }: MarketNode, volumeWh: number): Fill[] {
  const fills: Fill[] = [];
  let left = volumeWh;
  for (const { wh, orders } of levels) {
    if (left === 0) break;
    const here = Math.min(left, wh);
    const parts = shareOut(here, orders);
    for (const [index, order] of orders.entries()) fills.push({ order, wh: parts[index] ?? 0 });
    left -= here;
  }
  return fills;
}

function usedWays(pairs: readonly Pair[]): UsedWay[] {
  const ways: UsedWay[][] = [];
  for (const { seller, buyer, sell, buy } of pairs) {
    const row = (ways[seller] ??= []);
    const way = (row[buyer] ??= { seller, buyer, ask: -Infinity, bid: Infinity });
    way.ask = Math.max(way.ask, Number(sell.limit));
    way.bid = Math.min(way.bid, Number(buy.limit));
  }
  return ways.flat().filter(Boolean);
}

function tradeOf({ sell, buy, wh }: Pair, pricePerKwh: number, feePerKwh: number): AuctionTrade {
  const [price, fee] = [BigInt(pricePerKwh), BigInt(feePerKwh)];
  const received = moneyMicro([{ wh, microPerKwh: price }]);
  const paid = fee === 0n ? received : moneyMicro([{ wh, microPerKwh: price + fee }]);
  return { buy, sell, wh, price, fee, paid, received };
}

const welfareOf = ({ buy, sell, wh, fee }: AuctionTrade): bigint => BigInt(wh) * (buy.limit - sell.limit - fee);

function zonePrices(
  sellers: readonly MarketNode[],
  buyers: readonly MarketNode[],
  prices: ReturnType<typeof nodePrices>,
): ZonePrice[] {
  const found = new Map<string, ZonePrice>();
  const zoneOf = (zone: string): ZonePrice => {
    const here = found.get(zone) ?? { zone, sell: null, buy: null };
    found.set(zone, here);
    return here;
  };
  const put = (nodes: readonly MarketNode[], side: "sell" | "buy"): void => {
    for (const [at, { zones }] of nodes.entries()) {
      const price = prices[side][at] ?? null;
      for (const zone of zones) zoneOf(zone)[side] = price === null ? null : BigInt(price);
    }
  };
  put(sellers, "sell");
  put(buyers, "buy");
  return [...found.values()].toSorted((one, other) => (one.zone < other.zone ? -1 : 1));
}

function unmatchedOf(
  orders: readonly AuctionOrder[],
  trades: readonly AuctionTrade[],
  own: ReturnType<typeof partFromSelf>["own"],
): Unmatched[] {
  const tradedWh = new Map<AuctionOrder, number>();
  const ownWh = new Map<AuctionOrder, number>();
  const add = (to: Map<AuctionOrder, number>, order: AuctionOrder, wh: number): void => {
    to.set(order, (to.get(order) ?? 0) + wh);
  };
  for (const { buy, sell, wh } of trades) {
    add(tradedWh, buy, wh);
    add(tradedWh, sell, wh);
  }
  for (const { buy, sell, wh } of own) {
    add(ownWh, buy, wh);
    add(ownWh, sell, wh);
  }
  return orders
    .map((order) => ({ order, wh: order.wh - (tradedWh.get(order) ?? 0), ownWh: ownWh.get(order) ?? 0 }))
    .filter(({ wh }) => wh > 0);
}
