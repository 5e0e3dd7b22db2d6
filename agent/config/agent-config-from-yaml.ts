import { dirname, join, resolve } from "node:path";
import type { AgentConfig, AggregatorLink, ApplianceConfig, BusConfig, MeterConfig, SettlementConfig } from "./agent-config.ts";
import type { AgentYaml } from "./schema.ts";

/**
 * Maps a checked YAML file to what the agent runs by.
 * @param folder folder of the file; relative paths in it count from there
 */
export function agentConfigFromYaml(yaml: AgentYaml, folder: string): AgentConfig {
  const at = (path: string): string => resolve(folder, path);
  const databaseFile = at(yaml.storage.path);
  const stateFolder = dirname(databaseFile);
  const { site } = yaml;
  return {
    site: {
      name: site.name,
      timezone: site.timezone,
      currency: site.currency,
      slotMinutes: site.slot_minutes,
      phases: site.grid.phases,
      fuseA: site.grid.fuse_a,
      maxImportW: site.grid.max_import_w,
    },
    buses: new Map(Object.entries(yaml.buses).map(([name, bus]) => [name, busConfig(bus)])),
    meters: Object.entries(yaml.meters).map(([name, meter]) => meterConfig(name, meter, at)),
    relays: Object.entries(yaml.relays).map(([name, relay]) => ({ ...relay, name, safeClosed: relay.on_boot === "closed" })),
    appliances: Object.entries(yaml.appliances).map(([name, appliance]) => applianceConfig(name, appliance, yaml)),
    ...(yaml.aggregator && { aggregator: aggregatorLink(yaml.aggregator, at) }),
    shareIntervalS: yaml.consent.share_interval_s,
    shareApplianceDetail: yaml.consent.share_appliance_detail,
    ...(yaml.settlement && { settlement: settlementConfig(yaml.settlement, at, stateFolder) }),
    stateFolder,
    databaseFile,
    commitEveryMs: yaml.storage.commit_every_s * 1000,
    keepRawDays: yaml.storage.keep_raw_days,
    logLevel: yaml.log.level,
    ...(yaml.simulation && { simulationClockUrl: yaml.simulation.clock_url }),
  };
}

function meterConfig(name: string, meter: AgentYaml["meters"][string], at: (path: string) => string): MeterConfig {
  const config = { ...meter, name };
  if ("encryption_key_file" in config && config.encryption_key_file !== undefined)
    config.encryption_key_file = at(config.encryption_key_file);
  if ("authentication_key_file" in config && config.authentication_key_file !== undefined)
    config.authentication_key_file = at(config.authentication_key_file);
  return config;
}

function busConfig(bus: AgentYaml["buses"][string]): BusConfig {
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

function applianceConfig(name: string, appliance: AgentYaml["appliances"][string], yaml: AgentYaml): ApplianceConfig {
  const { comfort } = appliance;
  const block = "max_block_s" in comfort ? comfort : null;
  return {
    name,
    relay: appliance.relay,
    ratedPowerW: appliance.rated_power_w,
    // After a block it stays free at least so long, whatever a new plan says.
    minOnMs: Math.max(appliance.min_on_s, block?.min_free_s ?? 0) * 1000,
    maxOffMs: block ? block.max_block_s * 1000 : null,
    minOffMs: appliance.min_off_s * 1000,
    safeOn: yaml.relays[appliance.relay]?.on_boot === "closed",
    demand:
      "max_block_s" in comfort
        ? { kind: "block", maxBlockS: comfort.max_block_s, minFreeS: comfort.min_free_s }
        : { kind: "energy", energyWh: comfort.energy_wh_per_day, notBefore: comfort.not_before, readyBy: comfort.ready_by },
  };
}

function aggregatorLink(link: NonNullable<AgentYaml["aggregator"]>, at: (path: string) => string): AggregatorLink {
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

function settlementConfig(
  settlement: NonNullable<AgentYaml["settlement"]>,
  at: (path: string) => string,
  stateFolder: string,
): SettlementConfig {
  return {
    keyFile: join(stateFolder, "keys", `${settlement.key}.json`),
    passphraseFile: at(settlement.passphrase_file),
    agreementFile: at(settlement.agreement_file),
    chainId: settlement.chain_id,
    contract: settlement.contract,
    rpcUrl: settlement.rpc_url,
  };
}
