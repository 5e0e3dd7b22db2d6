import { dirname, join, resolve } from "node:path";
import { isCredential } from "../../settlement/keys/read-passphrase.ts";
import { parseMicro } from "../../core/units.ts";
import type { AgentConfig, AggregatorLink, BusConfig, MeterConfig, PublishConfig, SettlementConfig } from "./agent-config.ts";
import { applianceConfig } from "./appliance-config.ts";
import { pricesConfig } from "./prices-config.ts";
import type { AgentYaml } from "./schema.ts";

const dayMs = 86_400_000;

/** The link of an enrolled gateway; undefined where it is not enrolled (yet). */
export type EnrolledLink = (stateFolder: string) => AggregatorLink | undefined;

/**
 * Maps a checked YAML file to what the agent runs by.
 * @param folder folder of the file; relative paths in it count from there
 * @param enrolled the link that enrolment taught, by the state folder
 */
export function agentConfigFromYaml(yaml: AgentYaml, folder: string, enrolled: EnrolledLink = () => undefined): AgentConfig {
  const at = (path: string): string => resolve(folder, path);
  const databaseFile = at(yaml.storage.path);
  const stateFolder = dirname(databaseFile);
  const { site } = yaml;
  const link = yaml.aggregator?.enrolled ? enrolled(stateFolder) : yaml.aggregator && aggregatorLink(yaml.aggregator, at);
  return {
    site: {
      name: site.name,
      timezone: site.timezone,
      currency: site.currency,
      slotMinutes: site.slot_minutes,
      phases: site.grid.phases,
      fuseA: site.grid.fuse_a,
      maxImportW: site.grid.max_import_w,
      maxExportW: site.grid.max_export_w ?? null,
      peakW: site.grid.peak_w ?? null,
      peakPricePerKw: site.grid.peak_price_per_kw ?? null,
      randomDelayMs: site.grid.random_delay_s * 1000,
      maxRampWPerMin: site.grid.max_ramp_w_per_min,
    },
    buses: new Map(Object.entries(yaml.buses).map(([name, bus]) => [name, busConfig(bus, at)])),
    meters: Object.entries(yaml.meters).map(([name, meter]) => meterConfig(name, meter, at)),
    relays: Object.entries(yaml.relays).map(([name, relay]) => ({ ...relay, name, safeClosed: relay.on_boot === "closed" })),
    sensors: Object.entries(yaml.sensors).map(([name, sensor]) => ({ ...sensor, name })),
    appliances: Object.entries(yaml.appliances).map(([name, appliance]) =>
      applianceConfig(name, withPaths(appliance, ["password_file"], at), (relay) => yaml.relays[relay]?.on_boot === "closed"),
    ),
    ...(link && { aggregator: link }),
    awaitsEnrolment: yaml.aggregator?.enrolled === true && link === undefined,
    ...(yaml.grid_operator && { gridOperator: gridOperatorLink(yaml.grid_operator, at) }),
    ...(yaml.home && { home: { bus: yaml.home.bus, prefix: yaml.home.topic_prefix } }),
    ...(yaml.prices && { prices: pricesConfig(yaml.prices, at) }),
    ...(yaml.weather && { weather: yaml.weather }),
    shareIntervalS: yaml.consent.share_interval_s,
    shareApplianceDetail: yaml.consent.share_appliance_detail,
    shareTrades: yaml.consent.share_trades,
    ...(yaml.settlement && { settlement: settlementConfig(yaml.settlement, at, stateFolder, site.timezone) }),
    ...(yaml.exchange && {
      exchange: {
        url: yaml.exchange.url,
        name: yaml.exchange.name,
        agreementFile: at(yaml.exchange.agreement_file),
        zone: yaml.exchange.zone,
        horizonMs: yaml.exchange.horizon_hours * 3_600_000,
      },
    }),
    stateFolder,
    databaseFile,
    commitEveryMs: yaml.storage.commit_every_s * 1000,
    remoteConfig: yaml.remote_config,
    keep: {
      rawMs: yaml.storage.keep_raw_days * dayMs,
      minuteMs: yaml.storage.keep_minute_days * dayMs,
      quarterMs: yaml.storage.keep_quarter_days * dayMs,
    },
    logLevel: yaml.log.level,
    ...(yaml.simulation && { simulationClockUrl: yaml.simulation.clock_url }),
  };
}

function meterConfig(name: string, meter: AgentYaml["meters"][string], at: (path: string) => string): MeterConfig {
  return { ...withPaths(meter, ["encryption_key_file", "authentication_key_file"], at), name };
}

/** Files among the fields of an entry, counted from the folder of the configuration. */
function withPaths<Entry extends object>(entry: Entry, fields: readonly string[], at: (path: string) => string): Entry {
  const resolved = Object.entries(entry).map(([key, value]) => [
    key,
    fields.includes(key) && typeof value === "string" ? at(value) : (value as unknown),
  ]);
  return Object.fromEntries(resolved) as Entry;
}

function busConfig(bus: AgentYaml["buses"][string], at: (path: string) => string): BusConfig {
  if (bus.type === "http" || bus.type === "mqtt") return withPaths(bus, ["password_file", "ca_file"], at);
  if (bus.type !== "serial") return bus;
  const { port, baud, parity, data_bits: dataBits, stop_bits: stopBits } = bus;
  return {
    type: "serial",
    port,
    ...(baud !== undefined && { baud }),
    ...(parity !== undefined && { parity }),
    ...(dataBits !== undefined && { dataBits }),
    ...(stopBits !== undefined && { stopBits }),
  };
}

function aggregatorLink(
  link: Exclude<AgentYaml["aggregator"], { enrolled: true } | undefined>,
  at: (path: string) => string,
): AggregatorLink {
  return {
    id: link.id,
    gatewayId: link.gateway_id,
    brokerUrl: link.broker_url,
    ...(link.ca_file && { caFile: at(link.ca_file) }),
    ...(link.cert_file && { certFile: at(link.cert_file) }),
    ...(link.key_file && { keyFile: at(link.key_file) }),
    ...(link.username && { username: link.username }),
    ...(link.password_file && { passwordFile: at(link.password_file) }),
    controlKeys: link.control_keys,
  };
}

function gridOperatorLink(
  operator: NonNullable<AgentYaml["grid_operator"]>,
  at: (path: string) => string,
): NonNullable<AgentConfig["gridOperator"]> {
  const link = aggregatorLink(operator, at);
  return {
    link: { ...link, clientId: `${link.gatewayId}-grid` },
    rules: {
      heartbeatTimeoutMs: operator.heartbeat_timeout_s * 1000,
      failsafeLimitW: operator.failsafe_limit_w,
      releaseWindowMs: operator.release_window_s * 1000,
    },
  };
}

function settlementConfig(
  settlement: NonNullable<AgentYaml["settlement"]>,
  at: (path: string) => string,
  stateFolder: string,
  timezone: string,
): SettlementConfig {
  const keyFile = (name: string): string => join(stateFolder, "keys", `${name}.json`);
  const passphrase = (file: string): string => (isCredential(file) ? file : at(file));
  const { publish } = settlement;
  return {
    keyFile: keyFile(settlement.key),
    passphraseFile: passphrase(settlement.passphrase_file),
    agreementFile: at(settlement.agreement_file),
    chainId: settlement.chain_id,
    contract: settlement.contract,
    rpcUrl: settlement.rpc_url,
    ...(settlement.daily_cap !== undefined && { dailyCap: { micro: parseMicro(settlement.daily_cap), timezone } }),
    finality: settlement.finality,
    countersignedWithinMs: settlement.countersigned_within_s * 1000,
    settledWithinMs: settlement.settled_within_s * 1000,
    includedWithinMs: settlement.included_within_s * 1000,
    settleOwn: settlement.settle_own,
    ...(settlement.watchtower_url !== undefined && { watchtowerUrl: settlement.watchtower_url }),
    ...(publish && { publish: publishConfig(publish, settlement.passphrase_file, keyFile, passphrase) }),
  };
}

function publishConfig(
  publish: NonNullable<NonNullable<AgentYaml["settlement"]>["publish"]>,
  signersPassphrase: string,
  keyFile: (name: string) => string,
  passphrase: (file: string) => string,
): PublishConfig {
  const perDay = publish.per_day;
  if (publish.key === undefined) return { by: "relayer", url: publish.relayer_url ?? "", perDay };
  return {
    by: "key",
    keyFile: keyFile(publish.key),
    passphraseFile: passphrase(publish.passphrase_file ?? signersPassphrase),
    perDay,
  };
}
