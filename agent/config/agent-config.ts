import type { JWK } from "jose";
import type { LogLevel } from "../../core/log.ts";
import type { Demand } from "../../core/message/resource.ts";
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
  };
  buses: Map<string, BusConfig>;
  meters: MeterConfig[];
  relays: RelayConfig[];
  appliances: ApplianceConfig[];
  aggregator?: AggregatorLink;
  /** Consent: readings of the grid meter leave the house this often; at 900 only slot totals do. */
  shareIntervalS: number;
  /** Consent: slot totals of single appliances and their switchings leave the house too. */
  shareApplianceDetail: boolean;
  settlement?: SettlementConfig;
  /** Folder that holds data.db, keys/ and agent.sock. */
  stateFolder: string;
  databaseFile: string;
  commitEveryMs: number;
  /** Single readings are forgotten after so many days. */
  keepRawDays: number;
  logLevel: LogLevel;
  /** Only in the demo and in tests: where simulated time comes from. */
  simulationClockUrl?: string;
}

/** A line to devices: a serial port, a byte stream over TCP, or Modbus TCP. */
export type BusConfig =
  | { type: "serial"; port: string; baud?: number; parity?: "none" | "even" | "odd"; dataBits?: 7 | 8; stopBits?: 1 | 2 }
  | { type: "tcp"; host: string; port: number }
  | { type: "modbus_tcp"; host: string; port: number };

/** A meter; the driver's own options stand beside these, as its schema has them. */
export type MeterConfig = AgentYaml["meters"][string] & { name: string };

/** A relay likewise, with its declared safe state. */
export type RelayConfig = AgentYaml["relays"][string] & { name: string; safeClosed: boolean };

/** A switched load: on when its relay is closed. */
export interface ApplianceConfig {
  name: string;
  relay: string;
  ratedPowerW: number;
  minOnMs: number;
  minOffMs: number;
  /** On or off in the declared safe state. */
  safeOn: boolean;
  /** A plan may keep it off for so long at a time; null where off has no limit. */
  maxOffMs: number | null;
  demand: Demand;
}

/** How the aggregator is reached, and whose signatures are believed. */
export interface AggregatorLink {
  id: string;
  gatewayId: string;
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
}
