import { z } from "zod";
import { slotMinutes } from "../../core/slots.ts";
import { Instant, Name, SiteName } from "../../core/message/fields.ts";
import { SettlementYaml } from "./settlement-schema.ts";

const BrokerUrl = z.url({ protocol: /^mqtts?$/, error: "an mqtts:// or mqtt:// address" });
const Listen = z
  .string()
  .refine(
    (text) => /^[\w.:[\]-]+:\d{1,5}$/.test(text) && Number(text.slice(text.lastIndexOf(":") + 1)) <= 65_535,
    "host:port, such as 127.0.0.1:8490",
  );

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
    .strictObject({ every_s: z.int().min(300).max(86_400).default(3600), slot_minutes: z.literal(slotMinutes).default(15) })
    .default({ every_s: 3600, slot_minutes: 15 }),
  settlement: SettlementYaml.optional(),
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
  storage: z.strictObject({ path: z.string().endsWith(".db", "a file that ends in .db") }),
  http: z.strictObject({ listen: Listen }).default({ listen: "127.0.0.1:8490" }),
  log: z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]).default("info") }).default({ level: "info" }),
  simulation: z.strictObject({ clock_url: z.string() }).optional(),
});
export type AggregatorYaml = z.infer<typeof AggregatorYaml>;
