import { z } from "zod";
import { Address, Currency, LocalTime, Name, Signature } from "../../core/message/fields.ts";
import { Amount, Timezone, WholeSecond } from "./agreement-fields.ts";

/** A limit, W, at some time of the day; over midnight where `until` is earlier. */
const Hours = { from: LocalTime, until: LocalTime };

/** What is agreed about one feeder. */
const GridTerms = z.strictObject({
  /** Its name at the aggregator. */
  feeder: Name,
  /** All homes of the aggregator together, W. */
  importLimitW: z.int().positive().max(1_000_000_000),
  /** Hours with another limit; the first that holds a slot's start counts. */
  day: z.array(z.strictObject({ ...Hours, importLimitW: z.int().positive().max(1_000_000_000) })).max(24),
  /** What a kWh costs the aggregator in these hours more than in others; the first that holds a slot's start counts. */
  charges: z.array(z.strictObject({ ...Hours, perKwh: Amount })).max(24),
  /** For each day of the contract on which the homes together kept the limit. */
  availabilityPerDay: Amount,
});
export type GridTerms = z.infer<typeof GridTerms>;

/**
 * The contract between an aggregator and a grid operator that both sign: limits of feeders, what use of them costs in dear hours,
 * and what keeping them is paid with. Its hash stands with what follows from it.
 */
export const GridAgreement = z
  .strictObject({
    v: z.literal(1),
    kind: z.literal("grid"),
    /** Owner addresses of the parties; `a` is the lower. */
    a: Address,
    b: Address,
    signerA: Address,
    signerB: Address,
    /** Which of the two is the aggregator; the other is the grid operator. */
    aggregator: Address,
    from: WholeSecond,
    until: WholeSecond,
    /** Zone of hours and days. */
    timezone: Timezone,
    currency: Currency,
    feeders: z.array(GridTerms).min(1).max(1000),
    /**
     * How orders of flexibility are paid: the most for a kWh that is moved as asked, and what a kWh costs that was ordered and is
     * missing. Absent: no order is settled by this contract.
     */
    orders: z.strictObject({ reservePerKwh: Amount, penaltyPerKwh: Amount }).optional(),
    settlementContract: Address,
    chainId: z.int().positive(),
  })
  .refine(({ a, b }) => a < b, { message: "a must be the lower address", path: ["a"] })
  .refine(({ a, b, aggregator }) => aggregator === a || aggregator === b, { message: "must be a or b", path: ["aggregator"] })
  .refine(({ from, until }) => Date.parse(from) < Date.parse(until), { message: "must be after from", path: ["until"] })
  .refine(({ feeders }) => new Set(feeders.map(({ feeder }) => feeder)).size === feeders.length, {
    message: "names each feeder once",
    path: ["feeders"],
  });
export type GridAgreement = z.infer<typeof GridAgreement>;

/** The same with the signatures of both signer keys. */
export const SignedGridAgreement = z.strictObject({
  agreement: GridAgreement,
  signatureA: Signature,
  signatureB: Signature,
});
export type SignedGridAgreement = z.infer<typeof SignedGridAgreement>;

/** The party of such a contract that is not its aggregator. */
export function gridOperatorOf({ a, b, aggregator }: Pick<GridAgreement, "a" | "b" | "aggregator">): string {
  return aggregator === a ? b : a;
}
