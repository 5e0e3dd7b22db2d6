import { z } from "zod";
import { Address, Currency, LocalTime } from "../../core/message/fields.ts";
import { Domain } from "../../core/message/uftp.ts";

const Name = z.string().min(1).max(80);
const Listen = z
  .string()
  .refine(
    (text) => /^[\w.:[\]-]+:\d{1,5}$/.test(text) && Number(text.slice(text.lastIndexOf(":") + 1)) <= 65_535,
    "host:port, such as 0.0.0.0:8492",
  );
/** One figure for all slots, or one for each slot of a day of 24 hours, from local midnight. */
const Watts = z.union([z.number().min(-1e9).max(1e9), z.array(z.number().min(-1e9).max(1e9)).min(24).max(288)]);
const Limit = z.union([z.number().min(0).max(1e9), z.array(z.number().min(0).max(1e9)).min(24).max(288)]);
const Micro = z.int().min(0).max(1e12);

const Element = z.strictObject({
  name: Name,
  kind: z.enum(["transformer", "line"]).default("line"),
  /** The element that feeds it; left out: the grid above. */
  above: Name.optional(),
  import_limit_w: Limit.optional(),
  export_limit_w: Limit.optional(),
  /** Forecast of what is taken right there by those who take no part. */
  base_w: Watts.default(0),
});

/** The contract by whose records orders are paid. */
const Settlement = z.strictObject({
  /** Name of the signer key in keys/. */
  key: Name,
  passphrase_file: z.string(),
  chain_id: z.int().positive(),
  contract: z.string().toLowerCase().pipe(Address),
  rpc_url: z.url({ protocol: /^https?$/, error: "an http:// or https:// address" }),
});

const Participant = z.strictObject({
  /** Where it takes messages. */
  url: z.url({ protocol: /^https$/, error: "the https:// address at which it takes messages" }),
  /** Its public key (JWK). */
  public_key_file: z.string(),
  /** Contract by which its orders are paid on chain, signed by both. */
  agreement_file: z.string().optional(),
  /** Elements of the grid that its homes hang on, and what is expected there where it sends no prognosis. */
  points: z
    .record(Name, z.strictObject({ expected_w: Watts.default(0) }))
    .refine((points) => Object.keys(points).length > 0, "at least one element of the grid"),
});

/** market.yaml: a grid operator. */
export const MarketYaml = z.strictObject({
  domain: Domain,
  currency: Currency.default("EUR"),
  timezone: z.string().default("UTC"),
  listen: Listen.default("127.0.0.1:8492"),
  tls: z.strictObject({ cert_file: z.string(), key_file: z.string(), ca_file: z.string() }),
  /** Private key (JWK) that signs messages. */
  key_file: z.string(),
  flexibility: z.strictObject({
    slot_minutes: z.union([z.literal(5), z.literal(10), z.literal(15), z.literal(30), z.literal(60)]).default(15),
    grid: z.array(Element).min(1).max(10_000),
    participants: z.record(Domain, Participant),
    /** Local times on the day before. */
    gates: z
      .strictObject({
        prognoses: LocalTime.default("10:00"),
        rounds: LocalTime.default("10:40"),
        clear: LocalTime.default("11:00"),
        reprognoses: LocalTime.default("11:30"),
      })
      .refine(({ prognoses, rounds, clear, reprognoses }) => prognoses < rounds && rounds < clear && clear < reprognoses, {
        message: "expected prognoses before rounds before clear before reprognoses",
      })
      .default({ prognoses: "10:00", rounds: "10:40", clear: "11:00", reprognoses: "11:30" }),
    /** How long an answer to a request may take. */
    answer_s: z.int().min(1).max(3600).default(30),
    /** Meter values and answers to settlements are waited for so long after the day. */
    settle_days: z.int().min(1).max(60).default(5),
    reserve_micro_per_kwh: Micro,
    penalty_micro_per_kwh: Micro.default(0),
    rounds: z.int().min(1).max(1000).default(60),
    repairs: z.int().min(1).max(4).default(4),
    /** Where the meter operator puts a file for each day. */
    metered_folder: z.string().optional(),
  }),
  settlement: Settlement.optional(),
  storage: z.strictObject({ path: z.string().endsWith(".db", "a file that ends in .db") }),
  log: z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]).default("info") }).default({ level: "info" }),
  simulation: z.strictObject({ clock_url: z.string() }).optional(),
});
export type MarketYaml = z.infer<typeof MarketYaml>;
