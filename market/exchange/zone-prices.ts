/** A way on which something is traded, with what the trades on it allow; micro-units per kWh. */
export interface UsedWay {
  seller: number;
  buyer: number;
  /** Dearest ask and lowest bid of what is traded on it. */
  ask: number;
  bid: number;
}

/** What sellers get and what buyers pay, fee included, by node; null where nothing is traded. Micro-units per kWh. */
export interface NodePrices {
  sell: (number | null)[];
  buy: (number | null)[];
}

/**
 * Prices by node. On a way in use the buyers pay what the sellers get and its fee; no other way is cheaper; nobody pays more than
 * bid or gets less than asked. Such prices form a band: the middle of its lowest and its highest ones is taken, rounded down,
 * and is in the band again. With one node on each side that is the midpoint of the last matched ask and the last matched bid.
 * @param used ways of a plan with the greatest welfare; for others no such prices need be there
 */
export function nodePrices(used: readonly UsedWay[], fees: readonly (readonly number[])[], buyers: number): NodePrices {
  const feeOf = ({ seller, buyer }: { seller: number; buyer: number }): number => fees[seller]?.[buyer] ?? Infinity;
  const sellers = [...new Set(used.map(({ seller }) => seller))];
  const takers = [...new Set(used.map(({ buyer }) => buyer))];
  const every = sellers.flatMap((seller) => takers.map((buyer) => ({ seller, buyer })));

  const highSell = fees.map(() => Infinity);
  const highBuy = Array.from({ length: buyers }, () => Infinity);
  for (const { buyer, bid } of used) highBuy[buyer] = Math.min(highBuy[buyer] ?? Infinity, bid);
  settle(() => {
    const lowered = used.map((way) => lower(highSell, way.seller, (highBuy[way.buyer] ?? Infinity) - feeOf(way)));
    const spread = every.map((way) => lower(highBuy, way.buyer, (highSell[way.seller] ?? Infinity) + feeOf(way)));
    return lowered.includes(true) || spread.includes(true);
  });

  const lowSell = fees.map(() => -Infinity);
  const lowBuy = Array.from({ length: buyers }, () => -Infinity);
  for (const { seller, ask } of used) lowSell[seller] = Math.max(lowSell[seller] ?? -Infinity, ask);
  settle(() => {
    const raised = used.map((way) => raise(lowBuy, way.buyer, (lowSell[way.seller] ?? -Infinity) + feeOf(way)));
    const spread = every.map((way) => raise(lowSell, way.seller, (lowBuy[way.buyer] ?? -Infinity) - feeOf(way)));
    return raised.includes(true) || spread.includes(true);
  });

  const middle = (low: readonly number[], high: readonly number[]): (number | null)[] =>
    low.map((least, node) => {
      const sum = least + (high[node] ?? Infinity);
      return Number.isFinite(sum) ? Math.floor(sum / 2) : null;
    });
  return { sell: middle(lowSell, highSell), buy: middle(lowBuy, highBuy) };
}

function settle(pass: () => boolean): void {
  while (pass());
}

function lower(values: number[], at: number, to: number): boolean {
  if (to >= (values[at] ?? Infinity)) return false;
  values[at] = to;
  return true;
}

function raise(values: number[], at: number, to: number): boolean {
  if (to <= (values[at] ?? -Infinity)) return false;
  values[at] = to;
  return true;
}
