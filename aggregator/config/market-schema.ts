import { z } from "zod";
import { Currency, LocalTime, Name } from "../../core/message/fields.ts";
import { Domain } from "../../core/message/uftp.ts";

const Listen = z
  .string()
  .refine(
    (text) => /^[\w.:[\]-]+:\d{1,5}$/.test(text) && Number(text.slice(text.lastIndexOf(":") + 1)) <= 65_535,
    "host:port, such as 0.0.0.0:8493",
  );

/** aggregator.yaml, market: a grid operator with which schedules are agreed and to which flexibility is sold. */
export const MarketAccessYaml = z.strictObject({
  /** How the grid operator knows the aggregator. */
  domain: Domain,
  /** Where its messages are taken. */
  listen: Listen.default("127.0.0.1:8493"),
  tls: z.strictObject({ cert_file: z.string(), key_file: z.string(), ca_file: z.string() }),
  /** Private key (JWK) that signs messages. */
  key_file: z.string(),
  operator: z.strictObject({
    domain: Domain,
    url: z.url({ protocol: /^https$/, error: "the https:// address at which it takes messages" }),
    public_key_file: z.string(),
    /** Contract by which orders are paid on chain; without it they are only agreed on. */
    agreement_file: z.string().optional(),
  }),
  timezone: z.string().default("UTC"),
  currency: Currency.default("EUR"),
  /** Feeders of this file by their names at the grid operator. */
  points: z
    .record(z.string().min(1).max(80), z.strictObject({ feeder: Name }))
    .refine((points) => Object.keys(points).length > 0, "at least one congestion point"),
  /** Local time at which prognoses for the next day are sent. */
  prognosis_at: LocalTime.default("09:30"),
  /** What is asked for on top of what a change costs the homes by their prices. */
  margin_percent: z.number().min(0).max(1000).default(10),
  /** Not less for each kWh that is moved. */
  least_price_micro_per_kwh: z.int().min(0).max(1e12).default(0),
});
export type MarketAccessYaml = z.infer<typeof MarketAccessYaml>;
