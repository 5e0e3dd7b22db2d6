import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { moneyMicro } from "../../core/units.ts";
import { canonicalHash } from "../../settlement/record/canonical-hash.ts";
import { shareOut } from "../exchange/share-out.ts";
import { solveTransport } from "../exchange/transport.ts";
import { type BidCurve, type Bounds, checkCurve } from "./bid-curve.ts";

/** What a participant has bought (above 0) or sold (below) in one product. */
export interface Position {
  participant: string;
  wh: number;
  /** It pays so much, micro-units; negative: it gets it. */
  owesMicro: bigint;
}

/** The result of one product. */
export interface ProductClearing {
  startMs: number;
  /** Micro-units per kWh; null where nothing can be traded. */
  price: bigint | null;
  volumeWh: number;
  positions: Position[];
  /** Volume with a limit better than the price, or at it, that was not served, by participant; Wh. */
  curtailed: { participant: string; side: "buy" | "sell"; wh: number; limit: bigint }[];
  /** Wh times micro-units per kWh. */
  welfareNano: bigint;
}

interface Bid {
  hash: string;
  participant: string;
  side: "buy" | "sell";
  wh: number;
  limit: bigint;
}

/**
 * Clears one product at one price: the greatest welfare, then the greatest volume. The price is the middle, rounded down, of those
 * at which nobody served loses and nobody left out would have gained; so it lies between the last served and the first left out
 * of both sides. Steps at the margin are curtailed in proportion, in whole Wh, also where all of one side stands at a bound.
 * @throws AppError market-bad-curve
 */
export function clearProduct(startMs: number, curves: readonly BidCurve[], bounds: Bounds): ProductClearing {
  const bids = curves.flatMap((curve) => {
    checkCurve(curve, bounds);
    if (curve.startMs !== startMs)
      throw new AppError(
        "market-bad-curve",
        `the curve of ${curve.participant} is for ${iso(curve.startMs)}, not ${iso(startMs)}`,
      );
    const { participant } = curve;
    return curve.steps.map((step, at) => ({ ...step, participant, hash: canonicalHash({ participant, startMs, at }) }));
  });
  const sells = ranked(bids, "sell");
  const buys = ranked(bids, "buy");
  const steps = (side: readonly Bid[]): { limit: number; wh: number }[] =>
    side.map(({ limit, wh }) => ({ limit: Number(limit), wh }));
  const {
    soldWh: [volumeWh = 0],
  } = solveTransport([steps(sells)], [steps(buys)], [[0]]);
  const sold = served(sells, volumeWh);
  const bought = served(buys, volumeWh);
  const price = volumeWh === 0 ? null : priceBetween(sold, bought, bounds);
  const all = [...bought, ...sold];
  const positions = price === null ? [] : positionsOf(all, price);
  return {
    startMs,
    price,
    volumeWh,
    positions,
    curtailed: all.flatMap(({ bid: { participant, side, wh, limit }, servedWh }) => {
      const wanted = price !== null && (side === "buy" ? limit >= price : limit <= price);
      return wanted && servedWh < wh ? [{ participant, side, wh: wh - servedWh, limit }] : [];
    }),
    welfareNano: all.reduce(
      (sum, { bid: { side, limit }, servedWh }) => sum + BigInt(servedWh) * (side === "buy" ? limit : -limit),
      0n,
    ),
  };
}

function ranked(bids: readonly Bid[], side: "buy" | "sell"): Bid[] {
  const direction = side === "sell" ? 1 : -1;
  return bids
    .filter((bid) => bid.side === side)
    .toSorted((one, other) => direction * Number(one.limit - other.limit) || (one.hash < other.hash ? -1 : 1));
}

interface Served {
  bid: Bid;
  servedWh: number;
}

/** Level by level; the last one in proportion. */
function served(side: readonly Bid[], volumeWh: number): Served[] {
  const levels = new Map<bigint, Bid[]>();
  for (const bid of side) {
    const level = levels.get(bid.limit) ?? [];
    levels.set(bid.limit, level);
    level.push(bid);
  }
  let leftWh = volumeWh;
  return [...levels.values()].flatMap((level) => {
    const hereWh = Math.min(
      leftWh,
      level.reduce((sum, { wh }) => sum + wh, 0),
    );
    leftWh -= hereWh;
    const parts = shareOut(hereWh, level);
    return level.map((bid, index) => ({ bid, servedWh: parts[index] ?? 0 }));
  });
}

function priceBetween(sold: readonly Served[], bought: readonly Served[], bounds: Bounds): bigint {
  let [low, high] = [bounds.lowest, bounds.highest];
  const atLeast = (limit: bigint): void => void (low = limit > low ? limit : low);
  const atMost = (limit: bigint): void => void (high = limit < high ? limit : high);
  for (const { bid, servedWh } of sold) {
    if (servedWh > 0) atLeast(bid.limit);
    if (servedWh < bid.wh) atMost(bid.limit);
  }
  for (const { bid, servedWh } of bought) {
    if (servedWh > 0) atMost(bid.limit);
    if (servedWh < bid.wh) atLeast(bid.limit);
  }
  // Halves are rounded down below nothing too.
  const sum = low + high;
  return sum >= 0n || sum % 2n === 0n ? sum / 2n : sum / 2n - 1n;
}

/**
 * By participant, in the order of their names. Each owes its energy times the price, rounded half-even once; what rounding leaves
 * over goes one micro-unit each to the first, so that the exchange neither keeps nor gives any.
 */
function positionsOf(all: readonly Served[], price: bigint): Position[] {
  const net = new Map<string, number>();
  for (const { bid, servedWh } of all)
    net.set(bid.participant, (net.get(bid.participant) ?? 0) + (bid.side === "buy" ? servedWh : -servedWh));
  const positions = [...net]
    .filter(([, wh]) => wh !== 0)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([participant, wh]) => ({ participant, wh, owesMicro: moneyMicro([{ wh, microPerKwh: price }]) }));
  let over = positions.reduce((sum, { owesMicro }) => sum + owesMicro, 0n);
  for (const position of positions) {
    if (over === 0n) break;
    const step = over > 0n ? 1n : -1n;
    position.owesMicro -= step;
    over -= step;
  }
  return positions;
}
