import type { BidCurve, Bounds, CurveStep } from "./bid-curve.ts";

/** Energy that a portfolio can take in any product of a window, such as of cars that charge until the morning. */
export interface Shiftable {
  /** Starts of the products that it may be taken in, ms. */
  startsMs: readonly number[];
  /** All of it together, and at most in one product. */
  wh: number;
  mostWh: number;
}

/** What an aggregator knows of one product before the gate. */
export interface ProductOutlook {
  startMs: number;
  /** What the portfolio takes whatever the price, without what can be shifted; negative: it gives. */
  fixedWh: number;
  /** By how much such forecasts were off, metered less forecast, as many as there are; Wh. */
  errorsWh: readonly number[];
  /** Expected prices, micro-units per kWh: of the auction, and of imbalance in both directions. */
  price: bigint;
  short: bigint;
  long: bigint;
}

/**
 * Volume to buy ahead of a load that is not known for certain: the forecast with that share of its errors below it at which
 * buying one Wh more costs as much as it saves. Being short costs `short - price` a kWh, being long `price - long`; so with dear
 * shortage more is bought than expected. Without errors known it is the forecast.
 */
export function hedgedWh({ fixedWh, errorsWh, price, short, long }: ProductOutlook): number {
  const dearShort = short > price ? Number(short - price) : 0;
  const dearLong = price > long ? Number(price - long) : 0;
  const errors = errorsWh.toSorted((one, other) => one - other);
  if (errors.length === 0) return fixedWh;
  if (dearShort + dearLong === 0) return fixedWh + (errors[Math.floor(errors.length / 2)] ?? 0);
  const share = dearShort / (dearShort + dearLong);
  const at = Math.min(errors.length - 1, Math.max(0, Math.ceil(share * errors.length) - 1));
  return fixedWh + (errors[at] ?? 0);
}

/**
 * Bid curves of a portfolio. What must be, is bought at the highest price (or sold at the lowest). What can be shifted is bought in
 * the products that are expected to be the cheapest, each with a limit at the next product that could take its place: where a
 * product turns out dearer than that, it is better to wait. A volume without such another product is bought at any price.
 * Volumes are rounded to lots; what rounding leaves in one product is carried into the next.
 */
export function portfolioBids(
  participant: string,
  outlook: readonly ProductOutlook[],
  shiftables: readonly Shiftable[],
  bounds: Bounds,
): BidCurve[] {
  const byStart = new Map(outlook.map((one) => [one.startMs, one]));
  const steps = new Map<number, CurveStep[]>(outlook.map(({ startMs }) => [startMs, []]));
  let carriedWh = 0;
  for (const product of outlook) {
    const wantedWh = hedgedWh(product) + carriedWh;
    const lots = Math.round(wantedWh / bounds.lotWh);
    carriedWh = wantedWh - lots * bounds.lotWh;
    const wh = Math.abs(lots) * bounds.lotWh;
    const [side, limit] = lots > 0 ? (["buy", bounds.highest] as const) : (["sell", bounds.lowest] as const);
    if (wh > 0) steps.get(product.startMs)?.push({ side, wh, limit });
  }
  for (const shiftable of shiftables)
    for (const { startMs, wh, limit } of shiftedBids(shiftable, byStart, bounds))
      steps.get(startMs)?.push({ side: "buy", wh, limit });
  return outlook.map(({ startMs }) => ({ participant, startMs, steps: netted(steps.get(startMs) ?? [], bounds) }));
}

function shiftedBids(
  { startsMs, wh, mostWh }: Shiftable,
  byStart: ReadonlyMap<number, ProductOutlook>,
  { lotWh, highest, lowest, tick }: Bounds,
): { startMs: number; wh: number; limit: bigint }[] {
  const cheapest = startsMs
    .flatMap((startMs) => byStart.get(startMs) ?? [])
    .toSorted((one, other) => (one.price === other.price ? one.startMs - other.startMs : one.price < other.price ? -1 : 1));
  const mostLots = Math.floor(mostWh / lotWh);
  let lots = Math.round(wh / lotWh);
  if (mostLots === 0) return [];
  const needed = Math.ceil(lots / mostLots);
  const next = cheapest[needed]?.price;
  const limit = next === undefined ? highest : onTick(next < lowest ? lowest : next > highest ? highest : next, tick);
  return cheapest.slice(0, needed).flatMap(({ startMs }) => {
    const here = Math.min(lots, mostLots);
    lots -= here;
    return here > 0 ? [{ startMs, wh: here * lotWh, limit }] : [];
  });
}

/** Down to a multiple, below nothing too. */
const onTick = (price: bigint, tick: bigint): bigint => price - (((price % tick) + tick) % tick);

/**
 * The same curve without buying where it sells, which no exchange takes: where both would be in force own energy serves own load,
 * so there is a bid below the lower limit and an ask above the higher one instead.
 */
export function netted(steps: readonly CurveStep[], { lowest, highest, tick }: Bounds): CurveStep[] {
  const merged: CurveStep[] = [];
  const buys = bySide(steps, "buy");
  const sells = bySide(steps, "sell");
  for (;;) {
    const [buy, sell] = [buys[0], sells[0]];
    if (!buy || !sell || buy.limit < sell.limit) break;
    const wh = Math.min(buy.wh, sell.wh);
    if (sell.limit - tick >= lowest) merged.push({ side: "buy", wh, limit: sell.limit - tick });
    if (buy.limit + tick <= highest) merged.push({ side: "sell", wh, limit: buy.limit + tick });
    for (const [queue, step] of [
      [buys, buy],
      [sells, sell],
    ] as const) {
      step.wh -= wh;
      if (step.wh === 0) queue.shift();
    }
  }
  return [...bySide([...buys, ...merged], "buy"), ...bySide([...sells, ...merged], "sell")];
}

/** Copies, best first: the dearest bid, the cheapest ask. */
function bySide(steps: readonly CurveStep[], side: "buy" | "sell"): CurveStep[] {
  const direction = side === "buy" ? -1 : 1;
  return steps
    .filter((step) => step.side === side)
    .map((step) => ({ ...step }))
    .toSorted((one, other) => direction * Number(one.limit - other.limit));
}
