import { join, resolve } from "node:path";
import type { TopUpLevels } from "../../settlement/chain/top-up.ts";
import { topUpFromYaml } from "../../settlement/chain/top-up-yaml.ts";
import type { LogPublishing } from "../../settlement/log/log-publisher.ts";
import { publishingFromYaml } from "../../settlement/log/log-yaml.ts";
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
  log: LogPublishing;
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
    log: publishingFromYaml(yaml.log, home),
    ...(topUp && { topUp: topUpFromYaml(topUp) }),
    ...(anchor && { anchor: onChain(anchor) }),
  };
}

type OnChainYaml = Pick<SettlementYaml, "key" | "passphrase_file" | "chain_id" | "contract" | "rpc_url" | "anchor">;
