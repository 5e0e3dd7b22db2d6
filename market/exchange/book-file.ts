import { z } from "zod";
import { Currency, Instant } from "../../core/message/fields.ts";
import { mostLimit, mostWh } from "./auction-order.ts";

const mostPerKwh = Number(mostLimit);
/** A hundred thousand orders in so many zones still clear in seconds. */
const mostZones = 100;

/** Micro-units per kWh: a whole number, or the same as text. */
const PerKwh = z
  .union([z.int(), z.string().regex(/^-?\d{1,13}$/)], {
    error: 'expected whole micro-units per kWh (0.215 EUR is 215000), such as 215000 or "215000"',
  })
  .refine((value) => Math.abs(Number(value)) <= mostPerKwh, `expected at most ${mostPerKwh} micro-units per kWh either way`)
  .transform((value) => BigInt(value));

const Fee = PerKwh.refine((value) => value >= 0n, "expected a fee of 0 or more");
/** Names are hashed as UTF-8, which half a character is not. */
const name = (mostCharacters: number) =>
  z
    .string()
    .min(1)
    .max(mostCharacters)
    .refine((text) => text.isWellFormed(), "expected whole characters, it holds half a surrogate pair");
const Zone = name(48);

const FileOrder = z.strictObject({
  /** Names it in the result; no two orders have the same. */
  id: name(80),
  /** Nobody trades with itself; left out, the order has a participant of its own. */
  participant: name(80).optional(),
  side: z.enum(["buy", "sell"]),
  wh: z.int().min(0).max(mostWh),
  /** A buyer's most, path fee included; a seller's least. */
  limit_micro_per_kwh: PerKwh,
  zone: Zone.default("grid"),
  /** Start of the delivery slot; slots are cleared one by one. Left out, the order is for the one slot without a name. */
  slot: Instant.optional(),
});
export type FileOrder = z.infer<typeof FileOrder>;

/** A book of orders as `market replay` reads it. */
export const BookFile = z.strictObject({
  v: z.literal(1).default(1),
  currency: Currency.default("EUR"),
  /** call: one auction a slot; continuous: one order after the other, in the order of the file. */
  mode: z.enum(["call", "continuous"]).default("call"),
  /** Of every way that paths does not list, within a zone too. */
  fee_micro_per_kwh: Fee.default(0n),
  /** Each holds for the way back too, unless that is listed itself. null: there is no way. */
  paths: z
    .array(z.strictObject({ from: Zone, to: Zone, fee_micro_per_kwh: Fee.nullable() }))
    .refine(
      (paths) => new Set(paths.flatMap(({ from, to }) => [from, to])).size <= mostZones,
      `expected at most ${mostZones} zones with ways of their own`,
    )
    .superRefine((paths, context) => {
      const seen = new Map<string, number>();
      for (const [at, { from, to }] of paths.entries()) {
        const way = JSON.stringify([from, to]);
        const before = seen.get(way);
        if (before === undefined) seen.set(way, at);
        else context.addIssue({ code: "custom", path: [at], message: `the way from ${from} to ${to} is paths[${before}] too` });
      }
    })
    .default([]),
  /** What happens to energy that is not traded; given, the result compares each participant with the exchange and without. */
  supplier: z.strictObject({ import_micro_per_kwh: PerKwh, export_micro_per_kwh: PerKwh }).optional(),
  orders: z.array(FileOrder).max(1_000_000),
});
export type BookFile = z.infer<typeof BookFile>;
