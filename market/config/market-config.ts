import { dirname, join, resolve } from "node:path";
import type { ConfigIssue } from "../../core/config-issue.ts";
import { localDateOf } from "../../core/slots.ts";
import type { LogLevel } from "../../core/log.ts";
import { isCredential } from "../../settlement/keys/read-passphrase.ts";
import { radialGrid } from "../flexibility/grid-model.ts";
import { dayGrid, type DayElement } from "./day-grid.ts";
import type { MarketYaml } from "./schema.ts";

/** What the market runs by, in camelCase, paths resolved. */
export interface MarketConfig {
  domain: string;
  currency: string;
  timezone: string;
  listen: { host: string; port: number };
  tls: { certFile: string; keyFile: string; caFile: string };
  keyFile: string;
  flexibility: FlexibilityConfig;
  /** Where orders are paid; left out, they are only agreed on. */
  settlement?: MarketSettlement;
  databaseFile: string;
  /** Made with mode 0700. */
  stateFolder: string;
  logLevel: LogLevel;
  /** Only in tests: where simulated time comes from. */
  simulationClockUrl?: string;
}

/** A settlement contract, and the own key in it. */
export interface MarketSettlement {
  keyFile: string;
  passphraseFile: string;
  chainId: number;
  contract: string;
  rpcUrl: string;
}

export interface FlexibilityConfig {
  slotMinutes: 5 | 10 | 15 | 30 | 60;
  elements: DayElement[];
  participants: {
    domain: string;
    url: string;
    publicKeyFile: string;
    agreementFile?: string;
    points: { point: string; expectedW: number | number[] }[];
  }[];
  /** Local times on the day before. */
  gates: { prognoses: string; rounds: string; clear: string; reprognoses: string };
  answerMs: number;
  settleMs: number;
  reserve: bigint;
  penalty: bigint;
  mostRounds: number;
  repairs: number;
  meteredFolder?: string;
}

const dayMs = 86_400_000;

/** Maps a checked YAML file; relative paths count from `folder`. */
export function marketConfigFromYaml(yaml: MarketYaml, folder: string): MarketConfig {
  const at = (path: string): string => resolve(folder, path);
  const { flexibility: flex, tls, settlement } = yaml;
  const colon = yaml.listen.lastIndexOf(":");
  const databaseFile = at(yaml.storage.path);
  return {
    domain: yaml.domain,
    currency: yaml.currency,
    timezone: yaml.timezone,
    listen: { host: yaml.listen.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(yaml.listen.slice(colon + 1)) },
    tls: { certFile: at(tls.cert_file), keyFile: at(tls.key_file), caFile: at(tls.ca_file) },
    keyFile: at(yaml.key_file),
    flexibility: {
      slotMinutes: flex.slot_minutes,
      elements: flex.grid.map(({ name, kind, above, import_limit_w, export_limit_w, base_w }) => ({
        name,
        kind,
        above: above ?? null,
        importLimitW: import_limit_w ?? Infinity,
        exportLimitW: export_limit_w ?? Infinity,
        baseW: base_w,
      })),
      participants: Object.entries(flex.participants).map(([domain, { url, public_key_file, agreement_file, points }]) => ({
        domain,
        url,
        publicKeyFile: at(public_key_file),
        ...(agreement_file !== undefined && { agreementFile: at(agreement_file) }),
        points: Object.entries(points).map(([point, { expected_w }]) => ({ point, expectedW: expected_w })),
      })),
      gates: flex.gates,
      answerMs: flex.answer_s * 1000,
      settleMs: flex.settle_days * dayMs,
      reserve: BigInt(flex.reserve_micro_per_kwh),
      penalty: BigInt(flex.penalty_micro_per_kwh),
      mostRounds: flex.rounds,
      repairs: flex.repairs,
      ...(flex.metered_folder !== undefined && { meteredFolder: at(flex.metered_folder) }),
    },
    ...(settlement && {
      settlement: {
        keyFile: join(dirname(databaseFile), "keys", `${settlement.key}.json`),
        passphraseFile: isCredential(settlement.passphrase_file) ? settlement.passphrase_file : at(settlement.passphrase_file),
        chainId: settlement.chain_id,
        contract: settlement.contract,
        rpcUrl: settlement.rpc_url,
      },
    }),
    databaseFile,
    stateFolder: dirname(databaseFile),
    logLevel: yaml.log.level,
    ...(yaml.simulation && { simulationClockUrl: yaml.simulation.clock_url }),
  };
}

/** What a schema cannot see: a time zone that is none, a grid that is no tree, points that are not in it. */
export function crossCheckMarket(yaml: MarketYaml): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  try {
    localDateOf(0, yaml.timezone);
  } catch {
    return [{ path: ["timezone"], message: "expected an IANA time zone such as Europe/Amsterdam" }];
  }
  const { elements, slotMinutes, participants } = marketConfigFromYaml(yaml, "/").flexibility;
  try {
    radialGrid(dayGrid(elements, { date: "2026-01-15", timezone: yaml.timezone, slotMinutes }), (24 * 60) / slotMinutes);
  } catch (error) {
    issues.push({ path: ["flexibility", "grid"], message: error instanceof Error ? error.message : String(error) });
  }
  if (Object.hasOwn(yaml.flexibility.participants, yaml.domain))
    issues.push({
      path: ["flexibility", "participants", yaml.domain],
      message: "is the grid operator's own domain; name an aggregator by its own",
      ofKey: true,
    });
  for (const [domain, { agreement_file }] of Object.entries(yaml.flexibility.participants))
    if (agreement_file !== undefined && !yaml.settlement)
      issues.push({
        path: ["flexibility", "participants", domain, "agreement_file"],
        message: "orders are paid on chain by a settlement section",
      });
  const names = new Set(elements.map(({ name }) => name));
  for (const { domain, points } of participants)
    for (const { point, expectedW } of points) {
      const path = ["flexibility", "participants", domain, "points", point];
      if (!names.has(point)) issues.push({ path, message: "expected an element of the grid", ofKey: true });
      if (Array.isArray(expectedW) && expectedW.length !== (24 * 60) / slotMinutes)
        issues.push({
          path: [...path, "expected_w"],
          message: `expected ${(24 * 60) / slotMinutes} figures, one each slot of a day`,
        });
    }
  return issues;
}
