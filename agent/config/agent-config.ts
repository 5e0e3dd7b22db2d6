import type { JWK } from "jose";
import type { z } from "zod";
import type { LogLevel } from "../../core/log.ts";
import type { HttpBusOptions } from "../../drivers/bus/http-bus.ts";
import type { MqttBusOptions } from "../../drivers/bus/mqtt-bus.ts";
import type { Finality } from "../../settlement/chain/chain-reader.ts";
import type { GridLimitRules } from "../guard/grid-limit.ts";
import type { KeepRules } from "../store/retention.ts";
import type { ApplianceConfig } from "./appliance-config.ts";
import type { PricesConfig } from "./prices-config.ts";
import type { WeatherYaml } from "./prices-schema.ts";
import type { AgentYaml } from "./schema.ts";

/** What the agent runs by: the YAML file after checks, in camelCase, cross-references resolved. */
export interface AgentConfig {
  site: {
    name: string;
    /** IANA zone. */
    timezone: string;
    currency: string;
    slotMinutes: number;
    phases: 1 | 3;
    fuseA: number;
    /** What the house may take from the grid, W. */
    maxImportW: number;
    /** What storage may make it feed in, W; null without such a limit. */
    maxExportW: number | null;
    /** Quarter-hour peak that is paid for anyway; null without a capacity tariff. */
    peakW: number | null;
    /** What a kW more of the month's peak costs, in the currency; null where no plan may go above it. */
    peakPricePerKw: number | null;
    /** Longest random delay of an increase. */
    randomDelayMs: number;
    maxRampWPerMin: number;
  };
  buses: Map<string, BusConfig>;
  meters: MeterConfig[];
  relays: RelayConfig[];
  sensors: SensorConfig[];
  appliances: ApplianceConfig[];
  aggregator?: AggregatorLink;
  /** The configuration says `enrolled`, but `smart-mla enrol` has not been run. */
  awaitsEnrolment: boolean;
  /** Channel of the grid operator's limits, and the rules it is watched by. */
  gridOperator?: { link: AggregatorLink; rules: GridLimitRules };
  /** Residents' words over a broker in the home. */
  home?: { bus: string; prefix: string };
  /** Prices that the house gets by itself. */
  prices?: PricesConfig;
  /** Where the weather forecast comes from, as its schema has it. */
  weather?: WeatherYaml;
  /** Consent: readings of the grid meter leave the house this often; at 900 only slot totals do. */
  shareIntervalS: number;
  /** Consent: slot totals of single appliances and their switchings leave the house too. */
  shareApplianceDetail: boolean;
  shareTrades: boolean;
  settlement?: SettlementConfig;
  exchange?: ExchangeConfig;
  /** Folder that holds data.db, keys/ and agent.sock. */
  stateFolder: string;
  databaseFile: string;
  commitEveryMs: number;
  /** Whether the aggregator may change a few settings from afar. */
  remoteConfig: boolean;
  /** How long single readings stay as they came, one a minute, and one a quarter of an hour. */
  keep: KeepRules;
  logLevel: LogLevel;
  /** Only in the demo and in tests: where simulated time comes from. */
  simulationClockUrl?: string;
}

/** A line to devices: a serial port, a byte stream over TCP, Modbus TCP, a device that speaks HTTP, or a broker in the home. */
export type BusConfig =
  | { type: "serial"; port: string; baud?: number; parity?: "none" | "even" | "odd"; dataBits?: 7 | 8; stopBits?: 1 | 2 }
  | { type: "tcp"; host: string; port: number }
  | { type: "modbus_tcp"; host: string; port: number }
  | ({ type: "http" } & z.output<typeof HttpBusOptions>)
  | ({ type: "mqtt" } & z.output<typeof MqttBusOptions>);

/** A meter; the driver's own options stand beside these, as its schema has them. */
export type MeterConfig = AgentYaml["meters"][string] & { name: string };

/** A relay likewise, with its declared safe state. */
export type RelayConfig = AgentYaml["relays"][string] & { name: string; safeClosed: boolean };

/** A temperature sensor likewise. */
export type SensorConfig = AgentYaml["sensors"][string] & { name: string };

/** How the aggregator is reached, and whose signatures are believed. */
export interface AggregatorLink {
  id: string;
  gatewayId: string;
  /** Towards the broker; the gateway's id where there is no other. Two links to one broker must not share it. */
  clientId?: string;
  brokerUrl: string;
  caFile?: string;
  certFile?: string;
  keyFile?: string;
  username?: string;
  passwordFile?: string;
  controlKeys: JWK[];
}

/** The key that signs settlements, and the contract that they are signed for. */
export interface SettlementConfig {
  keyFile: string;
  passphraseFile: string;
  agreementFile: string;
  chainId: number;
  /** Address, lower case. */
  contract: string;
  rpcUrl: string;
  /** Most that the household may come to owe by what is signed in one local day. */
  dailyCap?: DailyCap;
  /** Which block's escrow and roots count: the newest, or the newest that cannot be undone. */
  finality: Finality;
  /** How long a countersignature may take. */
  countersignedWithinMs: number;
  /** How long energy may be in no record that both have signed. */
  settledWithinMs: number;
  /** How long a record that both have signed may be in no epoch. */
  includedWithinMs: number;
  /** The gateway settles each record by itself. */
  settleOwn: boolean;
  /** Who keeps the newest co-signed record safe too. */
  watchtowerUrl?: string;
  /** Who sends what the gateway has to tell the chain. */
  publish?: PublishConfig;
}

/** A key that pays for gas, or a relayer that does; at most so many publications in 24 hours. */
export type PublishConfig = { perDay: number } & (
  | { by: "key"; keyFile: string; passphraseFile: string }
  | { by: "relayer"; url: string }
);

/** A prosumer exchange, and what the house is called there. */
export interface ExchangeConfig {
  url: string;
  name: string;
  agreementFile: string;
  /** Where in the grid it delivers and takes. */
  zone: string;
  /** So far ahead it orders. */
  horizonMs: number;
}

/** A limit of what is signed, by days of a time zone. */
export interface DailyCap {
  micro: bigint;
  /** IANA zone of the house. */
  timezone: string;
}
