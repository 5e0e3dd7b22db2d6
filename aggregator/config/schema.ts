import { z } from "zod";
import { slotMinutes } from "../../core/slots.ts";
import { Address, Name, SiteName } from "../../core/message/fields.ts";

/** The aggregator's YAML file: snake_case keys with units. */
export const AggregatorYaml = z.strictObject({
  version: z.literal(1),
  id: Name,
  broker: z.strictObject({
    url: z.url({ protocol: /^mqtts?$/, error: "an mqtts:// or mqtt:// address" }),
    ca_file: z.string().optional(),
    cert_file: z.string().optional(),
    key_file: z.string().optional(),
    username: z.string().optional(),
    password_file: z.string().optional(),
  }),
  /** Private Ed25519 JWK that signs all downward messages; mode 0600. */
  control_key_file: z.string(),
  /** Homes by gateway id. */
  sites: z.record(SiteName, z.strictObject({ agreement_file: z.string().optional() })),
  /** JSON file with a list of price series, in force as soon as they are read. */
  prices_file: z.string(),
  plan: z
    .strictObject({ every_s: z.int().min(300).max(86_400).default(3600), slot_minutes: z.literal(slotMinutes).default(15) })
    .default({ every_s: 3600, slot_minutes: 15 }),
  settlement: z
    .strictObject({
      key: Name,
      passphrase_file: z.string(),
      chain_id: z.int().positive(),
      contract: z.string().toLowerCase().pipe(Address),
      rpc_url: z.url({ protocol: /^https?$/, error: "an http:// or https:// address" }),
      epoch_s: z.int().min(900).max(86_400).default(86_400),
    })
    .optional(),
  storage: z.strictObject({ path: z.string().endsWith(".db", "a file that ends in .db") }),
  http: z
    .strictObject({ listen: z.string().regex(/^[\w.:[\]-]+:\d{1,5}$/, "host:port, such as 127.0.0.1:8490") })
    .default({ listen: "127.0.0.1:8490" }),
  log: z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]).default("info") }).default({ level: "info" }),
  simulation: z.strictObject({ clock_url: z.string() }).optional(),
});
export type AggregatorYaml = z.infer<typeof AggregatorYaml>;
