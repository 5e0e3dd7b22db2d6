import { AppError } from "../../core/app-error.ts";
import type { EpochInclusion } from "../../core/message/settlement-message.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import { verifyInclusion } from "../../settlement/log/epoch.ts";
import { pricesHash } from "../../settlement/record/reference-hash.ts";
import type { ControlStore } from "../store/control-store.ts";
import type { InclusionStore } from "../store/inclusion-store.ts";
import type { RecordStore } from "../store/record-store.ts";
import type { Included } from "./signing-room.ts";

/** Price series of so long before and after now are looked for. */
const pricesAroundMs = 8 * 86_400_000;

/**
 * Keeps the proofs of an epoch with the records and the price series that they belong to: all or nothing. They count once
 * the chain has the root for good, which chain chores look for. Records that are not in this journal are passed over.
 * @throws AppError settlement-inclusion-unproven, settlement-root-differs; nothing is kept then
 */
export async function keepInclusions(
  message: Included,
  parts: {
    agreement: Agreement;
    chain: Pick<ChainReader, "readCommit">;
    records: Pick<RecordStore, "at">;
    inclusions: InclusionStore;
    prices: Pick<ControlStore, "prices">;
    nowMs: number;
  },
): Promise<void> {
  const { agreement, records, nowMs } = parts;
  const { by, epoch, root, count } = message;
  if (by !== agreement.aggregator) throw unproven(`epoch ${epoch} is of ${by}, who is not the aggregator`);
  const pair = `${agreement.a}-${agreement.b}`;
  const found: { leaf: string; proof: string[] }[] = [];
  for (const { seq, digest, proof } of message.records) {
    const known = records.at(pair, seq);
    if (!known) continue;
    if (known.digest !== digest) throw unproven(`record ${seq} of epoch ${epoch} is another one here`);
    found.push({ leaf: digest, proof });
  }
  // Only series that were announced here, so that nobody fills the store with others.
  const announced = new Set(
    message.prices.length > 0 ? parts.prices.prices(nowMs - pricesAroundMs, nowMs + pricesAroundMs).map(pricesHash) : [],
  );
  for (const { hash, proof } of message.prices) if (announced.has(hash)) found.push({ leaf: hash, proof });
  for (const { leaf, proof } of found)
    if (!verifyInclusion(root, leaf, proof))
      throw unproven(`the proof of ${leaf} does not lead to root ${root} of epoch ${epoch}`);
  if (found.length === 0) return;
  const onChain = await parts.chain.readCommit(by, epoch);
  if (onChain && (onChain.root !== root || onChain.count !== count))
    throw new AppError(
      "settlement-root-differs",
      `epoch ${epoch} of ${by} has ${count} leaves under ${root} by its word, ${onChain.count} under ${onChain.root} on the chain`,
    );
  for (const { leaf, proof } of found) parts.inclusions.keep(leaf, { by, epoch, root, count, proof } satisfies EpochInclusion);
}

const unproven = (why: string): AppError => new AppError("settlement-inclusion-unproven", why);
