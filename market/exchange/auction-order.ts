/** An order as the auction sees it; whether it may stand in the book was decided before. */
export interface AuctionOrder {
  /** What rounding leaves over goes by this, never by the time of arrival. Unique in a batch. */
  hash: string;
  participant: string;
  side: "buy" | "sell";
  wh: number;
  /** Micro-units per kWh: the most that a buyer pays, path fee included, or the least that a seller takes. May be negative. */
  limit: bigint;
  /** Where in the grid it delivers or takes. */
  zone: string;
}

/** Largest limit either way, micro-units per kWh: sums over paths stay exact as numbers. */
export const mostLimit = 1_000_000_000_000n;

/** Largest volume of one order: a hundred thousand of them still add up exactly. */
export const mostWh = 1_000_000_000;
