import type { AuctionOrder } from "../../market/exchange/auction-order.ts";
import { pathFees, type Path, type PathFees } from "../../market/exchange/path-fees.ts";

/** How a book is drawn. */
export interface BookSize {
  orders: number;
  participants: number;
  zones: number;
}

/**
 * A book of one slot: each participant buys or sells, up to 5 kWh an order. Limits lie around a feed-in price of 0.08 and a
 * supplier's price of 0.30, a tenth of them on the same round price, a few of the asks below nothing.
 */
export function randomBook({ orders, participants, zones }: BookSize, random: () => number): AuctionOrder[] {
  const whole = (below: number): number => Math.floor(random() * below);
  return Array.from({ length: orders }, (_, at) => {
    const who = whole(participants);
    const side = who % 2 === 0 ? "buy" : "sell";
    const base = side === "buy" ? 100_000 + whole(200_000) : whole(30) === 0 ? -whole(50_000) : 80_000 + whole(180_000);
    return {
      hash: `0x${(whole(2 ** 30) * 2 ** 20 + at).toString(16).padStart(14, "0")}`,
      participant: `p${who}`,
      side,
      wh: 1 + whole(5000),
      limit: BigInt(whole(10) === 0 ? Math.round(base / 10_000) * 10_000 : base),
      zone: `z${(who >> 1) % zones}`,
    };
  });
}

/** Ways that all cost something else, from 0.005 to 0.065; within a zone nothing. */
export function randomFees(zones: number, random: () => number): PathFees {
  const paths: Path[] = [];
  for (let from = 0; from < zones; from += 1)
    for (let to = 0; to < zones; to += 1)
      paths.push({ from: `z${from}`, to: `z${to}`, fee: from === to ? 0n : BigInt(5000 + Math.floor(random() * 60_000)) });
  return pathFees(0n, paths);
}
