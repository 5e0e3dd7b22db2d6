import { z } from "zod";
import { Instant } from "../../core/message/fields.ts";
import { usualBounds } from "./bid-curve.ts";
import { isProduct } from "./product.ts";

const WholeWh = z.int().min(-1e12).max(1e12);

/** Micro-units per kWh: a whole number, or the same as text. */
const PerKwh = z
  // What is no number is compared with nothing.
  .union([z.int(), z.string().regex(/^-?\d{1,30}$/, { abort: true })], {
    error: 'expected whole micro-units per kWh (0.215 EUR is 215000), such as 215000 or "215000"',
  })
  .transform(String);

/** What an aggregator knows of products before a gate: the input of `market wholesale bid`. */
export const OutlookFile = z.strictObject({
  participant: z.string().regex(/^[A-Za-z0-9._-]{1,80}$/, "expected 1 to 80 letters, digits, . _ or -"),
  bounds: z
    .strictObject({
      lowest: PerKwh.default(String(usualBounds.lowest)),
      highest: PerKwh.default(String(usualBounds.highest)),
      lot_wh: z.int().positive().default(usualBounds.lotWh),
      tick: PerKwh.refine((text) => BigInt(text) > 0n, { error: "a tick above 0", abort: true }).default(
        String(usualBounds.tick),
      ),
    })
    .refine(({ lowest, highest }) => BigInt(lowest) < BigInt(highest), { message: "must be below highest", path: ["lowest"] })
    .refine(({ lowest, tick }) => BigInt(lowest) % BigInt(tick) === 0n, {
      message: "must be a multiple of tick",
      path: ["lowest"],
    })
    .refine(({ highest, tick }) => BigInt(highest) % BigInt(tick) === 0n, {
      message: "must be a multiple of tick",
      path: ["highest"],
    })
    .optional(),
  products: z
    .array(
      z
        .strictObject({
          start: Instant.refine((text) => isProduct(Date.parse(text)), "a full quarter of an hour"),
          /** What the portfolio is expected to take; negative: it gives. */
          forecast_wh: WholeWh,
          /** By how much such forecasts were off, metered less forecast. */
          errors_wh: z.array(WholeWh).max(10_000).default([]),
          /** Expected imbalance prices, micro-units per kWh. */
          short: PerKwh,
          long: PerKwh,
          /** Bought less sold already. */
          position_wh: WholeWh.default(0),
        })
        .refine(({ short, long }) => BigInt(short) >= BigInt(long), { message: "must be at least long", path: ["short"] }),
    )
    .min(1)
    .max(200)
    .superRefine((products, context) => {
      const places = new Map<number, number>();
      for (const [at, { start }] of products.entries()) {
        const before = places.get(Date.parse(start));
        if (before === undefined) places.set(Date.parse(start), at);
        else context.addIssue({ code: "custom", path: [at, "start"], message: `that of products[${before}] too` });
      }
    }),
});
export type OutlookFile = z.infer<typeof OutlookFile>;
