import { moneyMicro } from "../../core/units.ts";
import type { AuctionOrder } from "./auction-order.ts";
import type { AuctionTrade, Unmatched } from "./call-auction.ts";
import type { PathFees } from "./path-fees.ts";

/** Orders of one slot that are matched as they come. */
export interface ContinuousBook {
  /**
   * Matches an order against those that rest, best price first, then the one that came first; the rest of it stays. Each trade
   * has the price of the resting order, the buyer pays the fee of the way on top. Nobody trades with itself.
   */
  take(order: AuctionOrder): AuctionTrade[];
  /** What rests, in order of arrival. */
  resting(): Unmatched[];
}

interface Resting {
  order: AuctionOrder;
  leftWh: number;
  arrival: number;
}

export function continuousBook(fees: PathFees): ContinuousBook {
  /** By side and zone, best price first, then by arrival; zones that no way tells apart are one. */
  const queues = { buy: new Map<string, Resting[]>(), sell: new Map<string, Resting[]>() };
  let arrivals = 0;

  const rest = (order: AuctionOrder, leftWh: number): void => {
    const zone = fees.names(order.zone) ? order.zone : "";
    const queue = queues[order.side].get(zone) ?? [];
    queues[order.side].set(zone, queue);
    queue.splice(placeIn(queue, order), 0, { order, leftWh, arrival: arrivals });
  };

  return {
    take(order) {
      arrivals += 1;
      const trades: AuctionTrade[] = [];
      let leftWh = order.wh;
      while (leftWh > 0) {
        const best = bestFor(order, queues[order.side === "buy" ? "sell" : "buy"], fees);
        if (!best) break;
        const wh = Math.min(leftWh, best.rests.leftWh);
        trades.push(tradeWith(order, best, wh));
        leftWh -= wh;
        best.rests.leftWh -= wh;
        if (best.rests.leftWh === 0) best.queue.splice(best.queue.indexOf(best.rests), 1);
      }
      if (leftWh > 0) rest(order, leftWh);
      return trades;
    },
    resting() {
      return [...queues.buy.values(), ...queues.sell.values()]
        .flat()
        .toSorted((one, other) => one.arrival - other.arrival)
        .map(({ order, leftWh }) => ({ order, wh: leftWh, ownWh: 0 }));
    },
  };
}

interface Match {
  rests: Resting;
  queue: Resting[];
  fee: bigint;
}

function tradeWith(order: AuctionOrder, { rests, fee }: Match, wh: number): AuctionTrade {
  const [buy, sell] = order.side === "buy" ? [order, rests.order] : [rests.order, order];
  const price = rests.order.side === "sell" ? sell.limit : buy.limit - fee;
  const received = moneyMicro([{ wh, microPerKwh: price }]);
  return { buy, sell, wh, price, fee, paid: moneyMicro([{ wh, microPerKwh: price + fee }]), received };
}

/** The first in each zone that is not one's own; among those the best with the fee, then the one that came first. */
function bestFor(order: AuctionOrder, queues: ReadonlyMap<string, Resting[]>, fees: PathFees): Match | undefined {
  let best: (Match & { cost: bigint }) | undefined;
  for (const queue of queues.values()) {
    const rests = queue.find((one) => one.order.participant !== order.participant);
    if (!rests) continue;
    const { limit, zone } = rests.order;
    const [from, to] = order.side === "buy" ? [zone, order.zone] : [order.zone, zone];
    const fee = fees.between(from, to);
    if (fee === null) continue;
    if (order.side === "buy" ? order.limit < limit + fee : limit < order.limit + fee) continue;
    const cost = order.side === "buy" ? limit + fee : fee - limit;
    if (!best || cost < best.cost || (cost === best.cost && rests.arrival < best.rests.arrival))
      best = { rests, queue, fee, cost };
  }
  return best;
}

/** Behind all that are as good: by halves. */
function placeIn(queue: readonly Resting[], order: AuctionOrder): number {
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const limit = queue[middle]?.order.limit ?? 0n;
    if (order.side === "sell" ? limit <= order.limit : limit >= order.limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Orders one after the other, in the order of the list. Without one price, and not indifferent to who comes first. */
export function matchContinuously(
  orders: readonly AuctionOrder[],
  fees: PathFees,
): { trades: AuctionTrade[]; unmatched: Unmatched[] } {
  const book = continuousBook(fees);
  return { trades: orders.flatMap((order) => book.take(order)), unmatched: book.resting() };
}
