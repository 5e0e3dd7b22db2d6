import { z } from "zod";
import { ControlKeyJwk } from "../../core/envelope.ts";
import { Address, Currency, Name, SiteName } from "../../core/message/fields.ts";
import { MeterRole } from "../../core/message/measurements.ts";
import { slotMinutes } from "../../core/slots.ts";
import { Appliance } from "./appliance-schema.ts";
import { PricesYaml, WeatherYaml } from "./prices-schema.ts";
import { ownRelayDrivers, relayDrivers, sensorDrivers } from "../../drivers/appliance-registry.ts";
import { HttpBusOptions } from "../../drivers/bus/http-bus.ts";
import { MqttBusOptions } from "../../drivers/bus/mqtt-bus.ts";
import { anyDriverConfig, driverConfig, meterDrivers } from "../../drivers/registry.ts";

const Bus = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("serial"),
    port: z.string().startsWith("/", "a device path such as /dev/serial/by-id/usb-…"),
    baud: z.int().min(300).max(921_600).optional(),
    parity: z.enum(["none", "even", "odd"]).optional(),
    data_bits: z.union([z.literal(7), z.literal(8)]).optional(),
    stop_bits: z.union([z.literal(1), z.literal(2)]).optional(),
  }),
  z.strictObject({ type: z.literal("tcp"), host: z.string().min(1), port: z.int().min(1).max(65_535) }),
  z.strictObject({ type: z.literal("modbus_tcp"), host: z.string().min(1), port: z.int().min(1).max(65_535).default(502) }),
  HttpBusOptions.extend({ type: z.literal("http") }),
  MqttBusOptions.extend({ type: z.literal("mqtt") }),
]);

const Meter = driverConfig(meterDrivers, { role: MeterRole, bus: z.string() });

const Sensor = driverConfig(sensorDrivers, { bus: z.string() });

/** `on_boot` is the declared safe state: at start, at stop, and whenever the guard falls back. */
const onBoot = { on_boot: z.enum(["open", "closed"]) };
const Relay = anyDriverConfig([
  driverConfig(relayDrivers, { bus: z.string(), ...onBoot }),
  driverConfig(ownRelayDrivers, onBoot),
]);

const zones = new Set(Intl.supportedValuesOf("timeZone"));
const Zone = z
  .string()
  .refine((zone) => zone === "UTC" || zones.has(zone), { message: "an IANA time zone such as Europe/Amsterdam" });

/** How a party that sends signed messages is reached, and whose signatures are believed. */
const link = {
  id: Name,
  gateway_id: SiteName,
  broker_url: z.url({ protocol: /^mqtts?$/, error: "an mqtts:// or mqtt:// address" }),
  ca_file: z.string().optional(),
  cert_file: z.string().optional(),
  key_file: z.string().optional(),
  username: z.string().optional(),
  password_file: z.string().optional(),
  /** Pinned public keys: what anybody else signs is refused. */
  control_keys: z.array(ControlKeyJwk).min(1),
};

/** The agent's YAML file: snake_case keys with units, as an installer writes them. agent-config-from-yaml.ts maps them. */
export const AgentYaml = z.strictObject({
  version: z.literal(1),
  site: z.strictObject({
    name: z.string().min(1).max(100),
    timezone: Zone,
    currency: Currency,
    slot_minutes: z.literal(slotMinutes).default(15),
    grid: z.strictObject({
      phases: z.union([z.literal(1), z.literal(3)]),
      fuse_a: z.int().positive().max(200),
      max_import_w: z.int().positive(),
      /** What a battery that is told to give may make the house feed in. */
      max_export_w: z.int().nonnegative().optional(),
      /** Quarter-hour peak that is paid for anyway under a capacity tariff. */
      peak_w: z.int().positive().optional(),
      /** What a kW more of the month's peak costs; left out, no plan goes above it. */
      peak_price_per_kw: z.number().min(0).max(1_000_000).optional(),
      /** Increases wait a random time up to this. Only whoever writes this file can change it. */
      random_delay_s: z.int().min(0).max(1800).default(600),
      /** What the agent controls may grow so fast. */
      max_ramp_w_per_min: z.int().positive().default(10_000),
    }),
  }),
  buses: z.record(Name, Bus),
  meters: z.record(Name, Meter),
  relays: z.record(Name, Relay).default({}),
  sensors: z.record(Name, Sensor).default({}),
  appliances: z.record(Name, Appliance).default({}),
  aggregator: z
    .discriminatedUnion("enrolled", [
      /** All of it as `smart-mla enrol` learned it. */
      z.strictObject({ enrolled: z.literal(true) }),
      z.strictObject({ enrolled: z.literal(false).optional(), ...link }),
    ])
    .optional(),
  /** The grid operator's channel of limits (EEBUS LPC). Without it there are none. */
  grid_operator: z
    .strictObject({
      ...link,
      heartbeat_timeout_s: z.int().min(60).max(600).default(120),
      failsafe_limit_w: z.int().nonnegative().default(4200),
      release_window_s: z.int().min(60).max(600).default(120),
    })
    .optional(),
  /** Whether the aggregator may change the few settings of core/message/remote-config.ts. */
  remote_config: z.boolean().default(true),
  /** Residents' words over a broker in the home. */
  home: z
    .strictObject({
      bus: z.string(),
      topic_prefix: z
        .string()
        .regex(/^[^#+\s]*[^#+\s/]$/)
        .default("smart-mla"),
    })
    .optional(),
  /** Prices that the house gets by itself; the aggregator's stand above them. */
  prices: PricesYaml.optional(),
  weather: WeatherYaml.optional(),
  consent: z
    .strictObject({
      share_interval_s: z.int().min(10).max(900).default(900),
      share_appliance_detail: z.boolean().default(false),
      share_trades: z.boolean().default(false),
    })
    .default({ share_interval_s: 900, share_appliance_detail: false, share_trades: false }),
  settlement: z
    .strictObject({
      key: Name,
      passphrase_file: z.string(),
      agreement_file: z.string(),
      chain_id: z.int().positive(),
      contract: z.string().toLowerCase().pipe(Address),
      rpc_url: z.url({ protocol: /^https?$/, error: "an http:// or https:// address" }),
      /** What the household may come to owe in one local day by what is signed here; a stolen key is worth no more. */
      daily_cap: z
        .string()
        .regex(/^\d{1,9}(\.\d{1,6})?$/, 'an amount of the currency as text, such as "25.00"')
        .optional(),
      /** Whose escrow and roots count: `latest` only on chains where a block is final at once, or that know no `finalized`. */
      finality: z.enum(["finalized", "latest"]).default("finalized"),
      countersigned_within_s: z.int().min(60).max(86_400).default(3600),
      /** A day's record and half a day for it to come; less than two service days. */
      settled_within_s: z
        .int()
        .min(7200)
        .max(30 * 86_400)
        .default(129_600),
      included_within_s: z
        .int()
        .min(3600)
        .max(30 * 86_400)
        .default(2 * 86_400),
      /** The gateway settles each record by itself; for private chains. */
      settle_own: z.boolean().default(false),
      watchtower_url: z.url({ protocol: /^https?$/, error: "an http:// or https:// address" }).optional(),
      /** How the gateway reaches the chain where it must; it needs no coins otherwise. */
      publish: z
        .strictObject({
          key: Name.optional(),
          passphrase_file: z.string().optional(),
          relayer_url: z.url({ protocol: /^https?$/, error: "an http:// or https:// address" }).optional(),
          per_day: z.int().min(1).max(1000).default(24),
        })
        .refine(({ key, relayer_url: url }) => (key === undefined) !== (url === undefined), "either key or relayer_url")
        .optional(),
    })
    .optional(),
  /** A prosumer exchange; it settles by the key and the contract of `settlement`. */
  exchange: z
    .strictObject({
      url: z.url({ protocol: /^https?$/, error: "an http:// or https:// address" }),
      /** Name at the exchange, as in the agreement. */
      name: SiteName,
      agreement_file: z.string(),
      zone: Name.default("grid"),
      horizon_hours: z.int().min(1).max(48).default(6),
    })
    .optional(),
  storage: z.strictObject({
    path: z.string().endsWith(".db", "a file that ends in .db"),
    commit_every_s: z.int().min(1).max(300).default(10),
    keep_raw_days: z.int().min(1).max(3650).default(40),
    keep_minute_days: z.int().min(1).max(3650).default(400),
    keep_quarter_days: z.int().min(1).max(36_500).default(3650),
  }),
  log: z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]).default("info") }).default({ level: "info" }),
  /** Only the demo and tests: time comes from a clock server on loopback, real devices are refused. */
  simulation: z.strictObject({ clock_url: z.string() }).optional(),
});
export type AgentYaml = z.infer<typeof AgentYaml>;
