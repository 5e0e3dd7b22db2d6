import { AppError } from "../../core/app-error.ts";
import type { CosignedRecord, Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import { householdOf, type Agreement } from "../../settlement/record/agreement.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import { recordDigest, signerOf } from "../../settlement/record/record.ts";
import { evidenceHash } from "../../settlement/record/reference-hash.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import type { RecordStore } from "../store/record-store.ts";
import type { HoldStore } from "../store/settlement-hold.ts";

/**
 * Takes the newest co-signed records back into a journal that lost them, and lifts the hold on signing. The word of the aggregator or of a watchtower
 * is checked: both signatures on each record, and nothing older than what the chain and the journal have. What it
 * leaves out were records that it gives up itself: only the newest one can be settled.
 * @throws AppError settlement-head-unproven; nothing is taken and the hold stays
 */
export async function recoverJournal(
  given: readonly CosignedRecord[],
  parts: {
    agreement: Agreement;
    chain: Pick<ChainReader, "pairOf" | "partyOf">;
    records: Pick<RecordStore, "recover" | "newest" | "newestCosigned" | "at">;
    hold: HoldStore;
    nowMs: number;
    /** False for a source that may be old; default true. */
    lift?: boolean;
  },
): Promise<void> {
  const { agreement, chain, records, hold } = parts;
  const { a, b, aggregator } = agreement;
  const [domain, pair, household] = [domainOf(agreement), `${a}-${b}`, householdOf(agreement)];
  const onChain = await chain.pairOf(a, b);
  const proven = given.toSorted((one, other) => one.record.seq - other.record.seq);
  const newest = proven.at(-1)?.record;
  const known = Math.max(onChain.seq, records.newest(pair)?.record.seq ?? 0);
  // Where both have signed the newest one here, it is the newest by either side's word.
  if ((newest?.seq ?? 0) < known && records.newestCosigned(pair)?.record.seq !== known)
    throw unproven(`record ${known} is known here, and the newest of the ${given.length} that came is ${newest?.seq ?? "none"}`);
  const signers = {
    household: [(await chain.partyOf(household)).signer, a === household ? agreement.signerA : agreement.signerB],
    aggregator: [(await chain.partyOf(aggregator)).signer, a === aggregator ? agreement.signerA : agreement.signerB],
  };
  const found = proven.map(({ record, evidence, gatewaySignature, aggregatorSignature }) => {
    const { seq } = record;
    if (record.a !== a || record.b !== b) throw unproven(`record ${seq} is between other parties`);
    const digest = recordDigest(domain, record);
    if (seq === onChain.seq && digest !== onChain.head) throw unproven(`record ${seq} is another one on the chain`);
    const journalled = records.at(pair, seq);
    if (journalled && journalled.digest !== digest) throw unproven(`record ${seq} is another one in the journal`);
    if (!signers.household.includes(signerOf(domain, record, gatewaySignature)))
      throw unproven(`record ${seq} was not signed by this household`);
    if (!signers.aggregator.includes(signerOf(domain, record, aggregatorSignature)))
      throw unproven(`record ${seq} was not signed by the aggregator`);
    return {
      record,
      evidence: trusted(record, evidence),
      digest,
      ownSignature: gatewaySignature,
      otherSignature: aggregatorSignature,
    };
  });
  // Counted on the day it was made, not as signed today.
  for (const one of found) records.recover(pair, one, Math.min(parts.nowMs, Date.parse(one.record.time)));
  if (parts.lift !== false) hold.lift();
}

/** What a record covers is what it says under both signatures; evidence that is not what it has the hash of says nothing. */
const trusted = (record: RecordWire, evidence: Evidence): Evidence =>
  evidenceHash(evidence) === record.ref ? evidence : { register: registerOf(record), slots: [] };

/** The register whose slots a record settles. */
export const registerOf = ({ kind }: RecordWire): Evidence["register"] =>
  kind === "import" || kind === "export" ? kind : "none";

const unproven = (why: string): AppError => new AppError("settlement-head-unproven", `journal not recovered: ${why}`);
