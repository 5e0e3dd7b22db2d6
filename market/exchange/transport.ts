/** One step of a curve: so many Wh at one limit price in micro-units per kWh. */
export interface Step {
  limit: number;
  wh: number;
}

/** How much each node sells and buys, and which way it goes, in Wh. Steps of a node are filled in their order. */
export interface TransportPlan {
  soldWh: number[];
  boughtWh: number[];
  /** By selling node, then by buying node. */
  flowWh: number[][];
}

/**
 * The deliveries with the greatest welfare (bids less asks less fees), and among those with the greatest volume: successive
 * cheapest paths, exact in integers. With one node on each side it is the crossing of two curves.
 * @param sells curves of the selling nodes, cheapest step first
 * @param buys curves of the buying nodes, dearest step first
 * @param fees by selling, then by buying node; Infinity where there is no way
 */
export function solveTransport(
  sells: readonly (readonly Step[])[],
  buys: readonly (readonly Step[])[],
  fees: readonly (readonly number[])[],
): TransportPlan {
  const asks = sells.map(cursor);
  const bids = buys.map(cursor);
  const flowWh = sells.map(() => buys.map(() => 0));
  for (;;) {
    const paths = cheapestPaths(asks, buys.length, fees, flowWh);
    let best = -1;
    let gain = 0;
    for (const [node, bid] of bids.entries()) {
      const here = bid.limit - (paths.toBuyer[node] ?? Infinity);
      // The first of equals: nodes come in a fixed order.
      if (here >= 0 && (best < 0 || here > gain)) [best, gain] = [node, here];
    }
    const bid = bids[best];
    if (!bid) break;
    const legs = legsTo(best, paths);
    const ask = asks[legs.seller];
    if (!ask) break;
    const wh = Math.min(bid.leftWh, ask.leftWh, ...legs.back.map(([from, to]) => flowWh[from]?.[to] ?? 0));
    for (const [from, to] of legs.there) move(flowWh, from, to, wh);
    for (const [from, to] of legs.back) move(flowWh, from, to, -wh);
    ask.take(wh);
    bid.take(wh);
  }
  return { soldWh: asks.map(({ doneWh }) => doneWh), boughtWh: bids.map(({ doneWh }) => doneWh), flowWh };
}

/** Where a curve stands: its next step, and how much of it is left. */
interface Cursor {
  /** NaN after the last step. */
  limit: number;
  leftWh: number;
  doneWh: number;
  take(wh: number): void;
}

function cursor(steps: readonly Step[]): Cursor {
  let at = -1;
  const self: Cursor = {
    limit: Number.NaN,
    leftWh: 0,
    doneWh: 0,
    take(wh) {
      self.leftWh -= wh;
      self.doneWh += wh;
      if (self.leftWh === 0) next();
    },
  };
  const next = (): void => {
    do at += 1;
    while (steps[at]?.wh === 0);
    self.limit = steps[at]?.limit ?? Number.NaN;
    self.leftWh = steps[at]?.wh ?? 0;
  };
  next();
  return self;
}

interface Paths {
  /** Cheapest ask and fees that reach each buying node. */
  toBuyer: number[];
  /** Selling node before each buying node. */
  sellerBefore: number[];
  /** Buying node whose deliveries make room at a selling node, or -1 where its own ask is the cheapest. */
  buyerBefore: number[];
}

/** Bellman and Ford over ways forth, and back along what flows already. */
function cheapestPaths(
  asks: readonly Cursor[],
  buyers: number,
  fees: readonly (readonly number[])[],
  flowWh: readonly (readonly number[])[],
): Paths {
  const fromSeller = asks.map(({ limit }) => (Number.isNaN(limit) ? Infinity : limit));
  const toBuyer = Array.from({ length: buyers }, () => Infinity);
  const sellerBefore = Array.from({ length: buyers }, () => -1);
  const buyerBefore = asks.map(() => -1);
  for (let changed = true; changed;) {
    changed = false;
    for (const [seller, cost] of fromSeller.entries())
      for (let buyer = 0; buyer < buyers; buyer += 1) {
        const there = cost + (fees[seller]?.[buyer] ?? Infinity);
        if (there < (toBuyer[buyer] ?? Infinity)) [toBuyer[buyer], sellerBefore[buyer]] = [there, seller];
      }
    for (const [seller, row] of flowWh.entries())
      for (const [buyer, wh] of row.entries()) {
        if (wh === 0) continue;
        const back = (toBuyer[buyer] ?? Infinity) - (fees[seller]?.[buyer] ?? Infinity);
        if (back < (fromSeller[seller] ?? Infinity)) {
          [fromSeller[seller], buyerBefore[seller]] = [back, buyer];
          changed = true;
        }
      }
  }
  return { toBuyer, sellerBefore, buyerBefore };
}

type Way = readonly [seller: number, buyer: number];

/** The path that ends at a buying node: the seller that it begins with, the ways that get more and those that get less. */
function legsTo(buyer: number, { sellerBefore, buyerBefore }: Paths): { seller: number; there: Way[]; back: Way[] } {
  const there: Way[] = [];
  const back: Way[] = [];
  for (let at = buyer; ;) {
    const seller = sellerBefore[at] ?? -1;
    there.push([seller, at]);
    const before = buyerBefore[seller] ?? -1;
    if (before < 0) return { seller, there, back };
    back.push([seller, before]);
    at = before;
  }
}

function move(flowWh: number[][], from: number, to: number, wh: number): void {
  const row = flowWh[from];
  if (row) row[to] = (row[to] ?? 0) + wh;
}
