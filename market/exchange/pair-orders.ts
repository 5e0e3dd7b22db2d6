import type { AuctionOrder } from "./auction-order.ts";

/** What one order gets of its volume, in Wh. */
export interface Fill {
  order: AuctionOrder;
  wh: number;
}

/** A seller and a buyer with what goes from one to the other. */
export interface Pair {
  sell: AuctionOrder;
  buy: AuctionOrder;
  /** Their nodes. */
  seller: number;
  buyer: number;
  wh: number;
}

/** A volume that a participant could only have sold to itself; it is on both orders and not traded. */
export interface OwnVolume {
  sell: AuctionOrder;
  buy: AuctionOrder;
  wh: number;
}

/**
 * Who delivers to whom: fills of each node one after the other, in their order, along the flows.
 * @param sold fills by selling node, bought by buying node; they add up to the flows
 */
export function pairOrders(
  sold: readonly (readonly Fill[])[],
  bought: readonly (readonly Fill[])[],
  flowWh: readonly (readonly number[])[],
): Pair[] {
  const pairs: Pair[] = [];
  const takers = bought.map((fills) => queueOf(fills));
  for (const [seller, row] of flowWh.entries()) {
    const givers = queueOf(sold[seller] ?? []);
    for (const [buyer, flow] of row.entries()) {
      for (let left = flow; left > 0;) {
        const [give, take] = [givers.head(), takers[buyer]?.head()];
        if (!give || !take) break;
        const wh = Math.min(left, give.wh, take.wh);
        pairs.push({ sell: give.order, buy: take.order, seller, buyer, wh });
        givers.take(wh);
        takers[buyer]?.take(wh);
        left -= wh;
      }
    }
  }
  return pairs;
}

function queueOf(fills: readonly Fill[]): { head(): Fill | undefined; take(wh: number): void } {
  let at = 0;
  let takenWh = 0;
  const skip = (): void => {
    while (at < fills.length && takenWh === (fills[at]?.wh ?? 0)) {
      at += 1;
      takenWh = 0;
    }
  };
  skip();
  return {
    head() {
      const fill = fills[at];
      return fill && { order: fill.order, wh: fill.wh - takenWh };
    },
    take(wh) {
      takenWh += wh;
      skip();
    },
  };
}

/**
 * Lets nobody trade with itself: such a pair changes partners with a pair of others where neither way costs more by it. What is
 * left then is more than all others take and give together; it is taken out of both orders.
 * @param freeWays makes the test whether a way costs no more than the difference of the prices at its ends; asked where needed
 */
export function partFromSelf(
  pairs: readonly Pair[],
  freeWays: () => (seller: number, buyer: number) => boolean,
): { pairs: Pair[]; own: OwnVolume[] } {
  if (!pairs.some(isOwn)) return { pairs: [...pairs], own: [] };
  const isFree = freeWays();
  const all = pairs.map((pair) => ({ ...pair }));
  /** Where the search went on for a participant and way: what it has passed takes part in no change any more. */
  const passed = new Map<string, number>();
  for (let at = 0; at < all.length; at += 1) {
    const pair = all[at];
    const who = pair?.sell.participant;
    if (!pair || pair.buy.participant !== who) continue;
    const key = `${pair.seller} ${pair.buyer} ${who}`;
    let look = passed.get(key) ?? 0;
    while (pair.wh > 0 && look < all.length) {
      const other = all[look];
      const fits =
        other &&
        other.wh > 0 &&
        other.sell.participant !== who &&
        other.buy.participant !== who &&
        isFree(pair.seller, other.buyer) &&
        isFree(other.seller, pair.buyer);
      if (!fits) {
        look += 1;
        continue;
      }
      const wh = Math.min(pair.wh, other.wh);
      pair.wh -= wh;
      other.wh -= wh;
      all.push(
        { sell: pair.sell, seller: pair.seller, buy: other.buy, buyer: other.buyer, wh },
        { sell: other.sell, seller: other.seller, buy: pair.buy, buyer: pair.buyer, wh },
      );
    }
    passed.set(key, look);
  }
  const left = all.filter(({ wh }) => wh > 0);
  return {
    pairs: left.filter((pair) => !isOwn(pair)),
    own: left.filter(isOwn).map(({ sell, buy, wh }) => ({ sell, buy, wh })),
  };
}

const isOwn = ({ sell, buy }: Pair): boolean => sell.participant === buy.participant;
