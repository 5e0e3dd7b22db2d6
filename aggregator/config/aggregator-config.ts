import { dirname, join, resolve } from "node:path";
import type { AggregatorYaml } from "./schema.ts";

/** What the aggregator runs by, in camelCase, paths resolved. */
export interface AggregatorConfig {
  id: string;
  broker: { url: string; caFile?: string; certFile?: string; keyFile?: string; username?: string; passwordFile?: string };
  controlKeyFile: string;
  sites: { site: string; agreementFile?: string }[];
  pricesFile: string;
  planEveryMs: number;
  slotMinutes: number;
  settlement?: AggregatorSettlement;
  databaseFile: string;
  listen: { host: string; port: number };
  logLevel: "debug" | "info" | "warn" | "error";
  simulationClockUrl?: string;
}

export interface AggregatorSettlement {
  keyFile: string;
  passphraseFile: string;
  chainId: number;
  contract: string;
  rpcUrl: string;
  epochMs: number;
}

/** Maps a checked YAML file; relative paths count from `folder`. */
export function aggregatorConfigFromYaml(yaml: AggregatorYaml, folder: string): AggregatorConfig {
  const at = (path: string): string => resolve(folder, path);
  const databaseFile = at(yaml.storage.path);
  const { broker, settlement } = yaml;
  const colon = yaml.http.listen.lastIndexOf(":");
  return {
    id: yaml.id,
    broker: {
      url: broker.url,
      ...(broker.ca_file && { caFile: at(broker.ca_file) }),
      ...(broker.cert_file && { certFile: at(broker.cert_file) }),
      ...(broker.key_file && { keyFile: at(broker.key_file) }),
      ...(broker.username && { username: broker.username }),
      ...(broker.password_file && { passwordFile: at(broker.password_file) }),
    },
    controlKeyFile: at(yaml.control_key_file),
    sites: Object.entries(yaml.sites).map(([site, { agreement_file }]) => ({
      site,
      ...(agreement_file && { agreementFile: at(agreement_file) }),
    })),
    pricesFile: at(yaml.prices_file),
    planEveryMs: yaml.plan.every_s * 1000,
    slotMinutes: yaml.plan.slot_minutes,
    ...(settlement && {
      settlement: {
        keyFile: join(dirname(databaseFile), "keys", `${settlement.key}.json`),
        passphraseFile: at(settlement.passphrase_file),
        chainId: settlement.chain_id,
        contract: settlement.contract,
        rpcUrl: settlement.rpc_url,
        epochMs: settlement.epoch_s * 1000,
      },
    }),
    databaseFile,
    listen: { host: yaml.http.listen.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(yaml.http.listen.slice(colon + 1)) },
    logLevel: yaml.log.level,
    ...(yaml.simulation && { simulationClockUrl: yaml.simulation.clock_url }),
  };
}
