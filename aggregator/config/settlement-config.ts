import { join, resolve } from "node:path";
import { parseMicro } from "../../core/units.ts";
import { isCredential } from "../../settlement/keys/read-passphrase.ts";
import type { SettlementYaml } from "./settlement-schema.ts";

/** A contract, and the key that is used with it. */
export interface OnChain {
  keyFile: string;
  passphraseFile: string;
  chainId: number;
  /** Address, lower case. */
  contract: string;
  rpcUrl: string;
}

/** Money of the own side that is kept in each pair's escrow, micro-units. */
export interface TopUpLevels {
  below: bigint;
  to: bigint;
  mostPerDay: bigint;
}

/** How the aggregator settles. */
export interface AggregatorSettlement extends OnChain {
  /** Between two commitments to the chain. */
  epochMs: number;
  /** When a block counts as final: as the chain says, or so many blocks above it. */
  finality: "finalized" | number;
  mode: "together" | "each";
  settledBy: "aggregator" | "gateway";
  /** Between two settlements of all pairs; 0 for one after each epoch. */
  settleMs: number;
  settlePartial: boolean;
  /** How long a home may be supplied without a signature. */
  unsigned: { periods: number; answerMs: number };
  log: { in: "file" | "blobs" | "inline" | "nowhere"; form: "digests" | "records"; folder: string; mirrors: string[] };
  topUp?: TopUpLevels;
  /** The public chain that gets the same roots. */
  anchor?: OnChain;
}

/** Relative paths count from `folder`; keys and data lie in `home`, the state folder. */
export function settlementFromYaml(yaml: SettlementYaml, folder: string, home: string): AggregatorSettlement {
  const onChain = (one: Omit<OnChainYaml, "anchor">): OnChain => ({
    keyFile: join(home, "keys", `${one.key}.json`),
    passphraseFile: isCredential(one.passphrase_file) ? one.passphrase_file : resolve(folder, one.passphrase_file),
    chainId: one.chain_id,
    contract: one.contract,
    rpcUrl: one.rpc_url,
  });
  const { top_up: topUp, anchor } = yaml;
  return {
    ...onChain(yaml),
    epochMs: yaml.epoch_s * 1000,
    finality: yaml.final_after,
    mode: yaml.mode,
    settledBy: yaml.settled_by,
    settleMs: yaml.settle_days * 86_400_000,
    settlePartial: yaml.settle_partial,
    unsigned: { periods: yaml.unsigned_periods, answerMs: yaml.answer_s * 1000 },
    log: { ...yaml.log, folder: resolve(home, yaml.log.folder), mirrors: yaml.log.mirrors.map((url) => url.replace(/\/+$/, "")) },
    ...(topUp && {
      topUp: { below: parseMicro(topUp.below), to: parseMicro(topUp.to), mostPerDay: parseMicro(topUp.most_per_day) },
    }),
    ...(anchor && { anchor: onChain(anchor) }),
  };
}

type OnChainYaml = Pick<SettlementYaml, "key" | "passphrase_file" | "chain_id" | "contract" | "rpc_url" | "anchor">;
