import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import type { ConfigIssue } from "../../core/config-issue.ts";
import type { LogLevel } from "../../core/log.ts";
import { Address, Currency, Micro, Name, SiteName } from "../../core/message/fields.ts";
import type { TopUpLevels } from "../../settlement/chain/top-up.ts";
import { topUpFromYaml, TopUpYaml } from "../../settlement/chain/top-up-yaml.ts";
import type { LogPublishing } from "../../settlement/log/log-publisher.ts";
import { FinalAfter, LogYaml, publishingFromYaml } from "../../settlement/log/log-yaml.ts";
import { isCredential } from "../../settlement/keys/read-passphrase.ts";
import { type BookRules, usualTimes } from "../exchange/order-book.ts";
import type { Path } from "../exchange/path-fees.ts";

const Fee = Micro.refine((text) => !text.startsWith("-"), "a fee of 0 or more");
const PerKwh = z.union([z.int().min(0), Fee], { error: "whole micro-units per kWh from 0, such as 10000" });

/** The section `exchange` of a market's YAML file: snake_case keys with units. */
export const ExchangeYaml = z.strictObject({
  currency: Currency.default("EUR"),
  /** By name, as in their agreements. */
  participants: z.record(
    SiteName,
    z.strictObject({
      agreement_file: z.string(),
      /** Owner address of who supplies it; it may ask what was traded, so as not to bill that too. */
      supplier: z.string().toLowerCase().pipe(Address).optional(),
    }),
  ),
  zones: z.array(Name).min(1).max(100).default(["grid"]),
  /** Of every way that `paths` does not list. */
  fee_micro_per_kwh: PerKwh.default(0),
  paths: z
    .array(z.strictObject({ from: Name, to: Name, fee_micro_per_kwh: PerKwh.nullable() }))
    .max(10_000)
    .default([]),
  auction_every_s: z.int().min(60).max(900).default(300),
  gate_minutes: z.int().min(0).max(120).default(15),
  horizon_hours: z.int().min(1).max(72).default(48),
  /** JSON list of price series: what is traded and not done costs `importPerKwh`, what is left over brings `exportPerKwh`. */
  balancing_prices_file: z.string().optional(),
  settlement: z.strictObject({
    key: Name,
    passphrase_file: z.string(),
    chain_id: z.int().positive(),
    contract: z.string().toLowerCase().pipe(Address),
    rpc_url: z.url({ protocol: /^https?$/, error: "an http:// or https:// address" }),
    epoch_s: z.int().min(300).max(86_400).default(86_400),
    /** 0: after each epoch. */
    settle_days: z.int().min(0).max(366).default(30),
    final_after: FinalAfter.default("finalized"),
    log: LogYaml.default(LogYaml.parse({})),
    top_up: TopUpYaml.optional(),
  }),
  http: z
    .strictObject({
      listen: z
        .string()
        .refine(
          (text) => /^[\w.:[\]-]+:\d{1,5}$/.test(text) && Number(text.slice(text.lastIndexOf(":") + 1)) <= 65_535,
          "host:port, such as 127.0.0.1:8495",
        ),
    })
    .default({ listen: "127.0.0.1:8495" }),
});
export type ExchangeYaml = z.infer<typeof ExchangeYaml>;

/** What stands beside the sections of a market's file. */
export const marketBasis = {
  version: z.literal(1),
  id: Name,
  storage: z.strictObject({ path: z.string().endsWith(".db", "a file that ends in .db") }),
  log: z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]).default("info") }).default({ level: "info" }),
  simulation: z.strictObject({ clock_url: z.string() }).optional(),
};

/** An exchange in a file of its own. */
export const ExchangeFile = z.strictObject({ ...marketBasis, exchange: ExchangeYaml });
export type ExchangeFile = z.infer<typeof ExchangeFile>;

/** What a schema cannot see: zones and ways that are there twice, ways of zones that are not there. */
export function crossCheckExchange({ exchange: { zones, paths } }: ExchangeFile): ConfigIssue[] {
  const ways = new Map<string, number>();
  return [
    ...zones.flatMap((zone, index): ConfigIssue[] =>
      zones.indexOf(zone) < index ? [{ path: ["exchange", "zones", index], message: `zone "${zone}" is there twice` }] : [],
    ),
    ...paths.flatMap(({ from, to }, index): ConfigIssue[] => {
      const path = ["exchange", "paths", index];
      const way = `${from} ${to}`;
      const before = ways.get(way);
      ways.set(way, before ?? index);
      return [
        ...Object.entries({ from, to }).flatMap(([end, zone]): ConfigIssue[] =>
          zones.includes(zone) ? [] : [{ path: [...path, end], message: `zone "${zone}" is not one of zones` }],
        ),
        ...(before === undefined ? [] : [{ path, message: `the way from ${from} to ${to} is paths.${before} too` }]),
      ];
    }),
  ];
}

/** What an exchange runs by. */
export interface ExchangeConfig {
  id: string;
  currency: string;
  participants: { name: string; agreementFile: string; supplier: string | null }[];
  zones: string[];
  fee: bigint;
  paths: Path[];
  times: Pick<BookRules, "slotMinutes" | "gateMs" | "horizonMs" | "everyMs">;
  balancingFile?: string;
  keyFile: string;
  passphraseFile: string;
  chainId: number;
  contract: string;
  rpcUrl: string;
  epochMs: number;
  settleMs: number;
  finality: "finalized" | number;
  log: LogPublishing;
  topUp?: TopUpLevels;
  listen: { host: string; port: number };
  databaseFile: string;
  stateFolder: string;
  logLevel: LogLevel;
  /** Only in the demo and in tests. */
  simulationClockUrl?: string;
}

/** Maps a checked file; relative paths count from `folder`. */
export function exchangeConfigFromYaml(yaml: ExchangeFile, folder: string): ExchangeConfig {
  const { exchange } = yaml;
  const { settlement } = exchange;
  const at = (path: string): string => resolve(folder, path);
  const databaseFile = at(yaml.storage.path);
  const stateFolder = dirname(databaseFile);
  const { listen } = exchange.http;
  const colon = listen.lastIndexOf(":");
  return {
    id: yaml.id,
    currency: exchange.currency,
    participants: Object.entries(exchange.participants).map(([name, one]) => ({
      name,
      agreementFile: at(one.agreement_file),
      supplier: one.supplier ?? null,
    })),
    zones: exchange.zones,
    fee: BigInt(exchange.fee_micro_per_kwh),
    paths: exchange.paths.map(({ from, to, fee_micro_per_kwh: fee }) => ({ from, to, fee: fee === null ? null : BigInt(fee) })),
    times: {
      ...usualTimes,
      gateMs: exchange.gate_minutes * 60_000,
      horizonMs: exchange.horizon_hours * 3_600_000,
      everyMs: exchange.auction_every_s * 1000,
    },
    ...(exchange.balancing_prices_file !== undefined && { balancingFile: at(exchange.balancing_prices_file) }),
    keyFile: join(stateFolder, "keys", `${settlement.key}.json`),
    passphraseFile: isCredential(settlement.passphrase_file) ? settlement.passphrase_file : at(settlement.passphrase_file),
    chainId: settlement.chain_id,
    contract: settlement.contract,
    rpcUrl: settlement.rpc_url,
    epochMs: settlement.epoch_s * 1000,
    settleMs: settlement.settle_days * 86_400_000,
    finality: settlement.final_after,
    log: publishingFromYaml(settlement.log, stateFolder),
    ...(settlement.top_up && { topUp: topUpFromYaml(settlement.top_up) }),
    listen: { host: listen.slice(0, colon).replaceAll(/^\[|\]$/g, ""), port: Number(listen.slice(colon + 1)) },
    databaseFile,
    stateFolder,
    logLevel: yaml.log.level,
    ...(yaml.simulation && { simulationClockUrl: yaml.simulation.clock_url }),
  };
}
