import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import type { BrokerAccess } from "../../core/broker-connection.ts";
import type { LogLevel } from "../../core/log.ts";
import type { GridAgreement, GridTerms } from "../../settlement/record/grid-agreement.ts";
import type { KeepSpans } from "../retain/bounds.ts";
import type { DatabasePlace } from "../store/database-place.ts";
import type { AggregatorYaml, KeepYaml } from "./schema.ts";
import { type MarketAccess, marketFromYaml } from "./market-config.ts";
import { type AggregatorSettlement, settlementFromYaml } from "./settlement-config.ts";

/** What the aggregator runs by, in camelCase, paths resolved. */
export interface AggregatorConfig {
  id: string;
  broker: BrokerAccess;
  controlKeyFile: string;
  controlKeyChange?: ControlKeyChange;
  sites: { site: string; agreementFile?: string }[];
  pricesFile: string;
  planEveryMs: number;
  slotMinutes: number;
  /** Share of the slots for whose errors room is left free under feeders' limits. */
  planReserveQuantile: number;
  /** In which homes of large feeders are planned; 0: in the process's own. */
  planThreads: number;
  feeders: FeederConfig[];
  /** What a kWh is worth to the aggregator, as price series; without it no flexibility can be rewarded. */
  worthFile?: string;
  settlement?: AggregatorSettlement;
  /** The grid operator's market for local flexibility. */
  market?: MarketAccess;
  /** Where some of the homes trade. */
  exchange?: { url: string; sites: string[] };
  enrolment?: EnrolmentConfig;
  /** Several processes share the work. */
  workers?: { group: string; leaseMs: number };
  database: DatabasePlace;
  /** How long rows stay; without it all stay for good. */
  keep?: KeepSpans;
  /** Keys and what else is kept beside the database. */
  stateFolder: string;
  listen: { host: string; port: number };
  /** Whoever reaches the API is the operator; only on loopback. */
  openApi: boolean;
  /** Where Prometheus reads without a token. */
  metricsListen?: { host: string; port: number };
  logLevel: LogLevel;
  /** Only in the demo and in tests: where simulated time comes from. */
  simulationClockUrl?: string;
}

/** What gateways are told of control keys. */
export interface ControlKeyChange {
  /** Keys (JWK, private or public) that are believed from now on. */
  addFiles: string[];
  /** When keys are no longer believed, by kid. */
  drop: { kid: string; at: string }[];
  /** Private key that signs it: one that gateways believe already. */
  signFile: string;
}

/** A limit that homes share. */
export interface FeederConfig {
  name: string;
  importLimitW: number;
  /** What its homes may feed back together. */
  exportLimitW?: number;
  /** Times of the day (local) with another limit. */
  day: { from: string; until: string; importLimitW: number }[];
  timezone: string;
  sites: string[];
  /** Contract with its grid operator, signed by both. */
  agreementFile?: string;
  /** What that contract says of this feeder, once it was read. */
  grid?: FeederContract;
}

/** What a contract with a grid operator says of one feeder. */
export interface FeederContract extends Pick<GridAgreement, "from" | "until" | "timezone" | "aggregator" | "currency"> {
  /** Hash of the contract. */
  agreement: string;
  terms: GridTerms;
}

/** Where gateways get their certificates. */
export interface EnrolmentConfig {
  listen: { host: string; port: number };
  /** Address that codes name, without a path. */
  url: string;
  certFile: string;
  keyFile: string;
  brokerUrl: string;
  certificateDays: number;
  crlFile?: string;
}

/** Maps a checked YAML file; relative paths count from `folder`. */
export function aggregatorConfigFromYaml(yaml: AggregatorYaml, folder: string): AggregatorConfig {
  const at = (path: string): string => resolve(folder, path);
  const { database, stateFolder } = storageAt(yaml.storage, at);
  const { broker, settlement } = yaml;
  const { enrolment, control_keys: change } = yaml;
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
    ...(change && {
      controlKeyChange: {
        addFiles: change.add_files.map(at),
        drop: Object.entries(change.drop).map(([kid, instant]) => ({ kid, at: instant })),
        signFile: at(change.sign_file ?? yaml.control_key_file),
      },
    }),
    sites: Object.entries(yaml.sites).map(([site, { agreement_file }]) => ({
      site,
      ...(agreement_file && { agreementFile: at(agreement_file) }),
    })),
    pricesFile: at(yaml.prices_file),
    planEveryMs: yaml.plan.every_s * 1000,
    slotMinutes: yaml.plan.slot_minutes,
    planReserveQuantile: yaml.plan.reserve_quantile,
    planThreads: yaml.plan.threads ?? availableParallelism(),
    feeders: Object.entries(yaml.feeders).map(
      ([name, { import_limit_w, export_limit_w: exportLimitW, day, timezone, sites, agreement_file }]) => ({
        name,
        importLimitW: import_limit_w,
        ...(exportLimitW !== undefined && { exportLimitW }),
        day: day.map(({ from, until, import_limit_w: importLimitW }) => ({ from, until, importLimitW })),
        timezone,
        sites,
        ...(agreement_file && { agreementFile: at(agreement_file) }),
      }),
    ),
    ...(yaml.flexibility && { worthFile: at(yaml.flexibility.worth_file) }),
    ...(settlement && { settlement: settlementFromYaml(settlement, folder, stateFolder) }),
    ...(yaml.market && { market: marketFromYaml(yaml.market, at) }),
    ...(yaml.exchange && { exchange: yaml.exchange }),
    ...(enrolment && {
      enrolment: {
        listen: listenAt(enrolment.listen),
        url: new URL(enrolment.url).origin,
        certFile: at(enrolment.ca_cert_file),
        keyFile: at(enrolment.ca_key_file),
        brokerUrl: enrolment.broker_url ?? broker.url,
        certificateDays: enrolment.certificate_days,
        ...(enrolment.crl_file && { crlFile: at(enrolment.crl_file) }),
      },
    }),
    ...(yaml.workers && { workers: { group: yaml.workers.group, leaseMs: yaml.workers.lease_s * 1000 } }),
    database,
    ...(yaml.storage.keep && { keep: keepSpans(yaml.storage.keep) }),
    stateFolder,
    listen: listenAt(yaml.http.listen),
    openApi: yaml.http.open,
    ...(yaml.metrics && { metricsListen: listenAt(yaml.metrics.listen) }),
    logLevel: yaml.log.level,
    ...(yaml.simulation && { simulationClockUrl: yaml.simulation.clock_url }),
  };
}

function storageAt(
  storage: AggregatorYaml["storage"],
  at: (path: string) => string,
): Pick<AggregatorConfig, "database" | "stateFolder"> {
  if ("path" in storage) {
    const file = at(storage.path);
    return { database: { engine: "sqlite", file }, stateFolder: dirname(file) };
  }
  const { postgres_url: url, password_file: passwordFile, folder } = storage;
  return {
    database: { engine: "postgres", url, ...(passwordFile !== undefined && { passwordFile: at(passwordFile) }) },
    stateFolder: at(folder),
  };
}

function keepSpans(yaml: KeepYaml): KeepSpans {
  const spans: [keyof KeepSpans, number | undefined][] = [
    ["readingsMs", yaml.readings_days],
    ["slotsMs", yaml.slots_days],
    ["plansMs", yaml.plans_days],
    ["eventsMs", yaml.events_days],
    ["limitsMs", yaml.limits_days],
    ["auditMs", yaml.audit_days],
    ["unreckonedMs", yaml.unreckoned_days],
  ];
  return Object.fromEntries(spans.flatMap(([name, days]) => (days === undefined ? [] : [[name, days * 86_400_000]])));
}

function listenAt(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
}
