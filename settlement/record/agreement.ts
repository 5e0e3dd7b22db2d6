import { z } from "zod";
import { Address, Currency, LocalTime, Name, Signature, SiteName } from "../../core/message/fields.ts";
import { Amount, Timezone, WholeSecond } from "./agreement-fields.ts";

/** Names in one order only, as they are hashed. */
const Names = z
  .array(Name)
  .min(1)
  .max(64)
  .refine(
    (names) => names.every((name, index) => index === 0 || (names[index - 1] ?? "") < name),
    "names in rising order, each once",
  );

/** How far the aggregator may control: which resources, when, how often. */
const Control = z.strictObject({
  resources: Names,
  /** Local times in the agreement's zone; over midnight where `until` is earlier, the whole day where they are the same. */
  hours: z.strictObject({ from: LocalTime, until: LocalTime }),
  /** Most events that begin in one service day, all resources together. */
  eventsPerDay: z.int().min(1).max(96),
  /** Most hours of events that begin in one service day, all resources together. Absent: no such limit. */
  hoursPerDay: z.int().min(1).max(96).optional(),
  /** What stands above the plan beside the household's own wishes, by resource in rising order. Absent: these alone. */
  comfort: z
    .array(
      z.strictObject({
        resource: Name,
        /** Longest that it may be held off at a time, seconds. */
        maxBlockS: z.int().positive().max(86_400).optional(),
        /** Its energy must be there by this local time, where it lies in the window that is asked for. */
        readyBy: LocalTime.optional(),
      }),
    )
    .min(1)
    .max(64)
    .refine(
      (bounds) => bounds.every(({ resource }, index) => index === 0 || (bounds[index - 1]?.resource ?? "") < resource),
      "resources in rising order, each once",
    )
    .optional(),
});
export type Control = z.infer<typeof Control>;

/** How participation is rewarded. New rules are new kinds. */
const RewardRule = z.discriminatedUnion("kind", [
  /** So much for each service day on which the household took part. */
  z.strictObject({ kind: z.literal("per_day"), amount: Amount }),
  /** A share of what the household's flexibility earned on a service day. */
  z.strictObject({
    kind: z.literal("flexibility"),
    /** Per mille. */
    share: z.int().min(0).max(1000),
    /** As money, as a lower price per kWh of the events' import, or as a discount that ends where their import costs nothing. */
    paidAs: z.enum(["money", "better_price", "discount"]),
    control: Control,
  }),
]);
export type FlexibilityRule = Extract<z.infer<typeof RewardRule>, { kind: "flexibility" }>;

/**
 * The contract between a household and its aggregator that both sign; its hash stands in every record.
 * The hash covers exactly these fields, so a change of terms is a new agreement.
 */
export const Agreement = z
  .strictObject({
    v: z.literal(1),
    /** Owner addresses of the parties; `a` is the lower. */
    a: Address,
    b: Address,
    /** Signer keys of a and b when the agreement was made; what an offline check knows. */
    signerA: Address,
    signerB: Address,
    /** Which of the two is the aggregator; the other is the household. */
    aggregator: Address,
    /** Name of the household's gateway, as in topics. */
    site: SiteName,
    /** Service periods lie within from <= t < until. */
    from: WholeSecond,
    until: WholeSecond,
    /** Zone of the service days. */
    timezone: Timezone,
    currency: Currency,
    /** Longest service period of one energy record, seconds. */
    periodS: z.int().min(900).max(86_400),
    reward: RewardRule,
    settlementContract: Address,
    chainId: z.int().positive(),
  })
  .refine(({ a, b }) => a < b, { message: "a must be the lower address", path: ["a"] })
  .refine(({ a, b, aggregator }) => aggregator === a || aggregator === b, { message: "must be a or b", path: ["aggregator"] })
  .refine(({ from, until }) => Date.parse(from) < Date.parse(until), { message: "must be after from", path: ["until"] });
export type Agreement = z.infer<typeof Agreement>;

/** An agreement with the signatures of both signer keys. */
export const SignedAgreement = z.strictObject({ agreement: Agreement, signatureA: Signature, signatureB: Signature });
export type SignedAgreement = z.infer<typeof SignedAgreement>;

/** The party of an agreement that is not its aggregator. */
export function householdOf({ a, b, aggregator }: Pick<Agreement, "a" | "b" | "aggregator">): string {
  return aggregator === a ? b : a;
}
