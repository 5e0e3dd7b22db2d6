import type { JWK } from "jose";
import type { Demand } from "../../core/message/resource.ts";
import type { AgentYaml } from "./schema.ts";

/** What the agent runs by: the YAML file after checks, in camelCase, cross-references resolved. */
export interface AgentConfig {
  site: {
    name: string;
    timezone: string;
    currency: string;
    slotMinutes: number;
    phases: 1 | 3;
    fuseA: number;
    maxImportW: number;
  };
  buses: Map<string, BusConfig>;
  meters: MeterConfig[];
  relays: RelayConfig[];
  appliances: ApplianceConfig[];
  aggregator?: AggregatorLink;
  shareIntervalS: number;
  shareApplianceDetail: boolean;
  settlement?: SettlementConfig;
  /** Folder that holds data.db, keys/ and agent.sock. */
  stateFolder: string;
  databaseFile: string;
  commitEveryMs: number;
  keepRawDays: number;
  logLevel: "debug" | "info" | "warn" | "error";
  simulationClockUrl?: string;
}

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

export interface SettlementConfig {
  keyFile: string;
  passphraseFile: string;
  agreementFile: string;
  chainId: number;
  contract: string;
  rpcUrl: string;
}
