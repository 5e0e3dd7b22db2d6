import type { Clock } from "../../core/clock/clock.ts";
import type { CosignedRecord } from "../../core/message/settlement-message.ts";
import { type Agreement, householdOf } from "../../settlement/record/agreement.ts";
import type { ChainProbe, PublishedRecord } from "../../settlement/chain/chain-probe.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import type { RecordStore, SignedRecord } from "../store/record-store.ts";
import type { HoldStore } from "../store/settlement-hold.ts";
import type { StatementStore } from "../store/statement-store.ts";
import { recoverJournal, registerOf } from "./recover-journal.ts";
import type { Watchtower } from "./watchtower.ts";

/** All blocks are searched, which costs the node something. */
const searchMs = 3_600_000;

/** What it works with. */
export interface HeadParts {
  agreement: Agreement;
  chain: Pick<ChainReader, "pairOf" | "partyOf" | "keyOf">;
  probe: Pick<ChainProbe, "published">;
  /** Null without one. */
  tower: Watchtower | null;
  records: RecordStore;
  statements: StatementStore;
  hold: HoldStore;
  clock: Pick<Clock, "now" | "monotonicMs">;
}

/**
 * Hands the newest co-signed records to the watchtower, and looks for them after the journal was lost: at the watchtower,
 * whose word lifts the hold on signing, and among what was published on chain. That may be old, so it only says what the
 * aggregator must not go back behind. One round; throws what the watchtower and the chain throw, and
 * settlement-head-unproven.
 */
export function headKeeper(parts: HeadParts): () => Promise<void> {
  const { agreement, records, hold, tower } = parts;
  const { a, b } = agreement;
  const pair = `${a}-${b}`;
  let keptSeq = 0;
  /** A card that was copied by itself holds nothing back: at each start the watchtower may know better. */
  let isCompared = false;
  let searchedMs = -Infinity;
  const recover = (given: readonly CosignedRecord[], lift: boolean): Promise<void> =>
    recoverJournal(given, { ...parts, nowMs: parts.clock.now(), lift });
  const recoverFromChain = async (): Promise<void> => {
    const found = (await parts.probe.published(a, b, 0)).flatMap((one) => cosignedOf(one, householdOf(agreement)));
    const newest = Math.max(0, ...found.map(({ record }) => record.seq));
    if (newest === 0 || newest < (records.newest(pair)?.record.seq ?? 0)) return;
    if (newest >= (await parts.chain.pairOf(a, b)).seq) await recover(found, false);
  };
  return async () => {
    if (hold.held()) {
      const given = tower ? await tower.ask() : [];
      if (given.length > 0) await recover(given, true);
      if (!hold.held() || parts.clock.monotonicMs() - searchedMs < searchMs) return;
      await recoverFromChain();
      searchedMs = parts.clock.monotonicMs();
      return;
    }
    if (!tower) return;
    if (!isCompared) {
      const given = await tower.ask();
      isCompared = true;
      const there = Math.max(0, ...given.map(({ record }) => record.seq));
      if (there > (records.newest(pair)?.record.seq ?? 0)) await recover(given, false);
    }
    const newest = records.newestCosigned(pair)?.record.seq ?? 0;
    if (newest <= keptSeq) return;
    await tower.keep(records.newestOfEach(pair).flatMap(asCosigned));
    keptSeq = newest;
  };
}

/** Slots stay here: they are nobody else's, and the record has their hash. */
function asCosigned({ record, evidence, ownSignature, otherSignature }: SignedRecord): CosignedRecord[] {
  if (ownSignature === null || otherSignature === null) return [];
  return [{ record, evidence: { ...evidence, slots: [] }, gatewaySignature: ownSignature, aggregatorSignature: otherSignature }];
}

function cosignedOf({ record, signatureA, signatureB }: PublishedRecord, household: string): CosignedRecord[] {
  if (signatureA === "0x" || signatureB === "0x") return [];
  const [gatewaySignature, aggregatorSignature] = record.a === household ? [signatureA, signatureB] : [signatureB, signatureA];
  return [{ record, evidence: { register: registerOf(record), slots: [] }, gatewaySignature, aggregatorSignature }];
}
