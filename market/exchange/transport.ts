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
  const net = network(fees, buys.length);
  for (;;) {
    cheapestPaths(net, asks);
    let best = -1;
    let gain = 0;
    for (let node = 0; node < bids.length; node += 1) {
      const here = (bids[node]?.limit ?? Number.NaN) - (net.toBuyer[node] ?? Infinity);
      // The first of equals: nodes come in a fixed order.
      if (here >= 0 && (best < 0 || here > gain)) {
        best = node;
        gain = here;
      }
    }
    const bid = bids[best];
    if (!bid) break;
    const legs = legsTo(best, net);
    const ask = asks[legs.seller];
    if (!ask) break;
    let wh = Math.min(bid.leftWh, ask.leftWh);
    for (const way of legs.back) wh = Math.min(wh, net.flowWh[way] ?? 0);
    for (const way of legs.there) net.flowWh[way] = (net.flowWh[way] ?? 0) + wh;
    for (const way of legs.back) net.flowWh[way] = (net.flowWh[way] ?? 0) - wh;
    ask.take(wh);
    bid.take(wh);
  }
  return {
    soldWh: asks.map(({ doneWh }) => doneWh),
    boughtWh: bids.map(({ doneWh }) => doneWh),
    flowWh: sells.map((_, seller) => Array.from(net.flowWh.subarray(seller * buys.length, (seller + 1) * buys.length))),
  };
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

/** Ways from each selling to each buying node, one row after the other, and what is known of the cheapest paths. */
interface Network {
  sellers: number;
  buyers: number;
  fee: Float64Array;
  flowWh: Float64Array;
  /** Cheapest ask and fees that reach each node. */
  fromSeller: Float64Array;
  toBuyer: Float64Array;
  /** Selling node before each buying node. */
  sellerBefore: Int32Array;
  /** Buying node whose deliveries make room at a selling node, or -1 where its own ask is the cheapest. */
  buyerBefore: Int32Array;
}

function network(fees: readonly (readonly number[])[], buyers: number): Network {
  const sellers = fees.length;
  return {
    sellers,
    buyers,
    fee: Float64Array.from(fees.flat()),
    flowWh: new Float64Array(sellers * buyers),
    fromSeller: new Float64Array(sellers),
    toBuyer: new Float64Array(buyers),
    sellerBefore: new Int32Array(buyers),
    buyerBefore: new Int32Array(sellers),
  };
}

/** Bellman and Ford over ways forth, and back along what flows already. Runs once for each step of the curves: plain loops. */
function cheapestPaths(net: Network, asks: readonly Cursor[]): void {
  const { sellers, buyers, fee, flowWh, fromSeller, toBuyer, sellerBefore, buyerBefore } = net;
  for (let seller = 0; seller < sellers; seller += 1) {
    const limit = asks[seller]?.limit ?? Number.NaN;
    fromSeller[seller] = Number.isNaN(limit) ? Infinity : limit;
  }
  toBuyer.fill(Infinity);
  buyerBefore.fill(-1);
  for (let changed = true; changed;) {
    changed = false;
    for (let seller = 0; seller < sellers; seller += 1)
      for (let buyer = 0; buyer < buyers; buyer += 1) {
        const there = (fromSeller[seller] ?? Infinity) + (fee[seller * buyers + buyer] ?? Infinity);
        if (there < (toBuyer[buyer] ?? Infinity)) {
          toBuyer[buyer] = there;
          sellerBefore[buyer] = seller;
        }
      }
    for (let seller = 0; seller < sellers; seller += 1)
      for (let buyer = 0; buyer < buyers; buyer += 1) {
        const way = seller * buyers + buyer;
        if (flowWh[way] === 0) continue;
        const back = (toBuyer[buyer] ?? Infinity) - (fee[way] ?? Infinity);
        if (back < (fromSeller[seller] ?? Infinity)) {
          fromSeller[seller] = back;
          buyerBefore[seller] = buyer;
          changed = true;
        }
      }
  }
}

/** The path that ends at a buying node: the seller that it begins with, the ways that get more and those that get less. */
function legsTo(
  buyer: number,
  { buyers, sellerBefore, buyerBefore }: Network,
): { seller: number; there: number[]; back: number[] } {
  const there: number[] = [];
  const back: number[] = [];
  for (let at = buyer; ;) {
    const seller = sellerBefore[at] ?? -1;
    there.push(seller * buyers + at);
    const before = buyerBefore[seller] ?? -1;
    if (before < 0) return { seller, there, back };
    back.push(seller * buyers + before);
    at = before;
  }
}
