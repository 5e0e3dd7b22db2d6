import type { ExchangeOrder } from "../../core/message/exchange-order.ts";

/**
 * The most that a volume at a limit can come to cost, micro-units: what a buyer pays with the path fee, what a seller pays at a
 * negative price. However the volume is cut into trades: each has a Wh at least, and its rounding adds half a micro-unit at most.
 */
export function reserveMicro(side: "buy" | "sell", wh: number, limit: bigint): bigint {
  const worst = side === "buy" ? limit : -limit;
  if (worst <= 0n || wh === 0) return 0n;
  return (BigInt(wh) * worst + 999n) / 1000n + BigInt(Math.ceil(wh / 2));
}

/** The same of an order, for the part that may still trade. */
export function orderReserve({ side, limit }: ExchangeOrder, wh: number): bigint {
  return reserveMicro(side, wh, BigInt(limit));
}
