import { iso } from "../../../core/clock/clock.ts";
import type { OwnTrade } from "../../../core/message/exchange-http.ts";

export const exchangeAddress = `0x${"ee".repeat(20)}`;
const hash = (of: number): string => `0x${of.toString(16).padStart(64, "0")}`;

/** A trade of a house for the quarter of an hour that begins at an instant. @param about.price micro-units per kWh */
export function ownTrade(
  number: number,
  about: { startMs: number; clearedMs: number; side: "buy" | "sell"; wh: number; price: string },
): OwnTrade {
  const { startMs, clearedMs, side, wh, price } = about;
  return {
    hash: hash(number),
    side,
    record: null,
    trade: {
      v: 1,
      exchange: exchangeAddress,
      clearedAt: iso(clearedMs),
      start: iso(startMs),
      end: iso(startMs + 900_000),
      sellOrder: hash(1000 + number),
      buyOrder: hash(2000 + number),
      sellZone: "grid",
      buyZone: "grid",
      wh,
      price,
      fee: "10000",
    },
  };
}
