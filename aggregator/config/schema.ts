import { z } from "zod";
import { slotMinutes } from "../../core/slots.ts";
import { Instant, LocalTime, Name, SiteName } from "../../core/message/fields.ts";
import { MarketAccessYaml } from "./market-schema.ts";
import { SettlementYaml } from "./settlement-schema.ts";

const BrokerUrl = z.url({ protocol: /^mqtts?$/, error: "an mqtts:// or mqtt:// address" });
const Listen = z
  .string()
  .refine(
    (text) => /^[\w.:[\]-]+:\d{1,5}$/.test(text) && Number(text.slice(text.lastIndexOf(":") + 1)) <= 65_535,
    "host:port, such as 127.0.0.1:8490",
  );

const isLoopback = (listen: string): boolean => /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost):/.test(listen);

/** More than any transformer of a street, W. */
const FeederLimit = z.int().positive().max(1_000_000_000);

const Days = z.int().max(36_500);

/** How long what is kept of homes stays; what is left out stays for good. Settlement records and disputes always do. */
const KeepYaml = z.strictObject({
  readings_days: Days.min(1).optional(),
  /** Baselines of whole houses look back 62 days. */
  slots_days: Days.min(70).optional(),
  plans_days: Days.min(30).optional(),
  events_days: Days.min(70).optional(),
  limits_days: Days.min(35).optional(),
  audit_days: Days.min(90).optional(),
  /** A dispute may take a person some weeks. */
  unreckoned_days: Days.min(90).default(400),
});
export type KeepYaml = z.infer<typeof KeepYaml>;

/** The aggregator's YAML file: snake_case keys with units. */
export const AggregatorYaml = z.strictObject({
  version: z.literal(1),
  id: Name,
  broker: z.strictObject({
    url: BrokerUrl,
    ca_file: z.string().optional(),
    cert_file: z.string().optional(),
    key_file: z.string().optional(),
    username: z.string().optional(),
    password_file: z.string().optional(),
  }),
  /** Private Ed25519 JWK that signs all downward messages; mode 0600. */
  control_key_file: z.string(),
  /** A change of that key, announced to gateways. */
  control_keys: z
    .strictObject({
      add_files: z.array(z.string()).max(4).default([]),
      drop: z.record(z.string(), Instant).default({}),
      sign_file: z.string().optional(),
    })
    .optional(),
  /** Homes by gateway id. */
  sites: z.record(SiteName, z.strictObject({ agreement_file: z.string().optional() })),
  /** JSON file with a list of price series, in force as soon as they are read. */
  prices_file: z.string(),
  plan: z
    .strictObject({
      every_s: z.int().min(300).max(86_400).default(3600),
      slot_minutes: z.literal(slotMinutes).default(15),
      /** Under a feeder's limit so much is left free that the errors of this share of the slots before fit into it; 0: nothing. */
      reserve_quantile: z.number().min(0).max(1).default(0.99),
      /** Left out: one for each core. */
      threads: z.int().min(0).max(64).optional(),
    })
    .default({ every_s: 3600, slot_minutes: 15, reserve_quantile: 0.99 }),
  /** Cables and transformers whose homes are planned together. */
  feeders: z
    .record(
      Name,
      z.strictObject({
        import_limit_w: FeederLimit,
        /** The most that its homes may feed back together; left out, as much as they like. */
        export_limit_w: FeederLimit.optional(),
        /** Times of the day with another limit; the first that holds a slot's start counts. */
        day: z
          .array(z.strictObject({ from: LocalTime, until: LocalTime, import_limit_w: FeederLimit }))
          .max(24)
          .default([]),
        timezone: z.string().default("UTC"),
        sites: z.array(SiteName).min(1),
        /** Contract with the grid operator that both have signed. */
        agreement_file: z.string().optional(),
      }),
    )
    .default({}),
  /** What flexibility is worth: JSON file with a list of price series, day-ahead prices say, whose importPerKwh count. */
  flexibility: z.strictObject({ worth_file: z.string() }).optional(),
  settlement: SettlementYaml.optional(),
  /** A grid operator that orders flexibility. */
  market: MarketAccessYaml.optional(),
  /** An exchange at which homes trade: what they traded there is not billed here too. */
  exchange: z
    .strictObject({
      url: z.url({ protocol: /^https?$/, error: "an http:// or https:// address" }),
      sites: z.array(SiteName).min(1),
    })
    .optional(),
  /** Where gateways get their certificates. Without it they are made by hand. */
  enrolment: z
    .strictObject({
      listen: Listen,
      url: z.url({ protocol: /^https$/, error: "the https:// address at which gateways reach listen" }),
      ca_cert_file: z.string(),
      ca_key_file: z.string(),
      /** What gateways are told, where the aggregator itself reaches the broker in another way. */
      broker_url: BrokerUrl.optional(),
      certificate_days: z.int().min(1).max(3650).default(365),
      crl_file: z.string().optional(),
    })
    .optional(),
  /** With it several processes may share the work: one `aggregator run`, and any number of `aggregator worker`. */
  workers: z.strictObject({ group: Name.default("intake"), lease_s: z.int().min(1).max(600).default(15) }).optional(),
  storage: z.union([
    z.strictObject({ path: z.string().endsWith(".db", "a file that ends in .db"), keep: KeepYaml.optional() }),
    z.strictObject({
      postgres_url: z.url({ protocol: /^postgres(ql)?$/, error: "a postgres:// address" }),
      password_file: z.string().optional(),
      /** For keys and what is published; SQLite has them beside its file. */
      folder: z.string(),
      keep: KeepYaml.optional(),
    }),
  ]),
  http: z
    .strictObject({
      listen: Listen,
      /** Whoever reaches it is the operator. */
      open: z.boolean().default(false),
    })
    .refine(({ listen, open }) => !open || isLoopback(listen), {
      message: "an open API listens on 127.0.0.1 or [::1] only; elsewhere everybody could read the homes' data",
      path: ["open"],
    })
    .default({ listen: "127.0.0.1:8490", open: false }),
  /** Figures for Prometheus at an address of their own, without a token. */
  metrics: z.strictObject({ listen: Listen }).optional(),
  log: z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]).default("info") }).default({ level: "info" }),
  simulation: z.strictObject({ clock_url: z.string() }).optional(),
});
export type AggregatorYaml = z.infer<typeof AggregatorYaml>;
