import type { OwnOrder } from "../../core/message/exchange-http.ts";
import type { WishedOrder } from "../../planner/exchange-strategy.ts";

/** What has to be said to an exchange so that an own book is what the house wants. */
export interface OrderChanges {
  revoke: OwnOrder[];
  place: WishedOrder[];
}

/** Smaller differences are not worth a new order: forecasts move a little each time. */
const leastWh = 20;
const leastShare = 0.05;

/** Open orders that are as wished stay; the others go, and what is wished and not there comes. Pure. */
export function orderChanges(wishes: readonly WishedOrder[], own: readonly OwnOrder[]): OrderChanges {
  const open = own.filter(({ state, order, tradedWh }) => state === "open" && order.wh > tradedWh);
  const left = new Set(open);
  const place: WishedOrder[] = [];
  for (const wish of wishes) {
    if (wish.wh <= 0) continue;
    const found = [...left].find((one) => isAsWished(one, wish));
    if (found) left.delete(found);
    else place.push(wish);
  }
  return { revoke: [...left], place };
}

function isAsWished({ order, tradedWh }: OwnOrder, { startMs, side, wh, limit }: WishedOrder): boolean {
  if (Date.parse(order.start) !== startMs || order.side !== side || BigInt(order.limit) !== limit) return false;
  const openWh = order.wh - tradedWh;
  // Never more than is wished: what is there bounds it.
  return openWh <= wh && wh - openWh <= Math.max(leastWh, wh * leastShare);
}
