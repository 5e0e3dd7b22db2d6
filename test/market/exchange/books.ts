import fc from "fast-check";
import type { AuctionOrder } from "../../../market/exchange/auction-order.ts";
import { pathFees, type PathFees } from "../../../market/exchange/path-fees.ts";

/** An order with a hash that its name tells. */
export function orderOf(
  hash: string,
  side: "buy" | "sell",
  wh: number,
  limit: bigint | number,
  more: Partial<AuctionOrder> = {},
): AuctionOrder {
  return { hash, participant: hash, side, wh, limit: BigInt(limit), zone: "z", ...more };
}

/** Limits close to each other, so that many orders stand at one price, some below nothing. */
const limits = fc.oneof(fc.integer({ min: -3, max: 6 }), fc.integer({ min: -50_000, max: 400_000 }));
const volumes = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 5000 }));

/** Books of up to 24 orders. @param participants how many share them; 0: each order has one of its own */
export function books(participants: number, zones: readonly string[]): fc.Arbitrary<AuctionOrder[]> {
  const order = fc.record({
    side: fc.constantFrom("buy" as const, "sell" as const),
    wh: volumes,
    limit: limits,
    zone: fc.constantFrom(...zones),
    who: fc.integer({ min: 1, max: Math.max(1, participants) }),
    hash: fc.nat(0xff_ffff).map((value) => value.toString(16).padStart(6, "0")),
  });
  return fc
    .uniqueArray(order, { selector: ({ hash }) => hash, maxLength: 24 })
    .map((all) =>
      all.map(({ hash, side, wh, limit, zone, who }) =>
        orderOf(hash, side, wh, limit, { zone, participant: participants === 0 ? hash : `p${who}` }),
      ),
    );
}

export const threeZones = ["a", "b", "c"] as const;

/** Fees between three zones, all ways on their own; some ways are not there. */
export const unequalFees: fc.Arbitrary<PathFees> = fc
  .array(fc.option(fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 60_000 })), { freq: 6 }), {
    minLength: 9,
    maxLength: 9,
  })
  .map((all) =>
    pathFees(
      0n,
      all.map((fee, at) => ({
        from: threeZones[Math.floor(at / 3)] ?? "a",
        to: threeZones[at % 3] ?? "a",
        fee: fee === null ? null : BigInt(fee),
      })),
    ),
  );
