import { setImmediate } from "node:timers/promises";
import { AppError } from "../../core/app-error.ts";
import type { CosignedRecord, Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import { householdOf, type Agreement } from "../../settlement/record/agreement.ts";
import type { ChainReader, KeyState } from "../../settlement/chain/chain-reader.ts";
import { recordDigest, signerOf } from "../../settlement/record/record.ts";
import { evidenceHash } from "../../settlement/record/reference-hash.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import type { RecordStore, SignedRecord } from "../store/record-store.ts";
import type { StatementStore } from "../store/statement-store.ts";
import type { HoldStore } from "../store/settlement-hold.ts";

/** What a journal is recovered with. */
export interface RecoveryParts {
  agreement: Agreement;
  chain: Pick<ChainReader, "pairOf" | "partyOf" | "keyOf">;
  records: RecordStore;
  statements: StatementStore;
  hold: HoldStore;
  nowMs: number;
}

/**
 * Takes the newest co-signed records back into a journal that lost them, from a source that the home itself gave them to: its
 * watchtower, whose word lifts the hold on signing, or the chain, whose word may be old and lifts nothing. Both signatures
 * are checked, and nothing may be older than what the chain and the journal have.
 * @throws AppError settlement-head-unproven; nothing is taken and the hold stays
 */
export async function recoverJournal(
  given: readonly CosignedRecord[],
  parts: RecoveryParts & {
    /** False for a source that may be old. */
    lift: boolean;
  },
): Promise<void> {
  const { agreement, chain, records } = parts;
  const pair = `${agreement.a}-${agreement.b}`;
  const newestSeq = Math.max(0, ...given.map(({ record }) => record.seq));
  demandNotOlder(newestSeq, `the newest of the ${given.length} that came is ${newestSeq || "none"}`, {
    known: Math.max((await chain.pairOf(agreement.a, agreement.b)).seq, records.newest(pair)?.record.seq ?? 0),
    cosigned: records.newestCosigned(pair)?.record.seq ?? 0,
  });
  for (const one of await provenRecords(given, parts)) take(pair, one, parts);
  if (parts.lift) parts.hold.lift();
}

/** Where both have signed the newest one here, it is the newest by either side's word. @throws AppError settlement-head-unproven */
export function demandNotOlder(newestSeq: number, what: string, { known, cosigned }: { known: number; cosigned: number }): void {
  if (newestSeq < known && cosigned !== known) throw unproven(`record ${known} is known here, and ${what}`);
}

/**
 * Records of this pair, by number, each signed by both with keys that are or were theirs, and none of them against what the
 * chain and the journal have.
 * @throws AppError settlement-head-unproven; settlement-record-hidden where the other side had said that there is none
 */
export async function provenRecords(given: readonly CosignedRecord[], parts: RecoveryParts): Promise<SignedRecord[]> {
  const { agreement, chain, records, statements } = parts;
  const { a, b, aggregator } = agreement;
  const [domain, pair, household] = [domainOf(agreement), `${a}-${b}`, householdOf(agreement)];
  const onChain = await chain.pairOf(a, b);
  const signedBy = keyOwners(chain, [household, aggregator]);
  // The digest of the record before one that is proven: who signed that one has signed this one with it.
  let vouched: string | undefined;
  const found: SignedRecord[] = [];
  for (const one of given.toSorted((first, second) => second.record.seq - first.record.seq)) {
    const { record, evidence, gatewaySignature, aggregatorSignature } = one;
    const { seq } = record;
    if (record.a !== a || record.b !== b) throw unproven(`record ${seq} is between other parties`);
    const digest = recordDigest(domain, record);
    if (seq === onChain.seq && digest !== onChain.head) throw unproven(`record ${seq} is another one on the chain`);
    const journalled = records.at(pair, seq);
    // What is here already needs no proof.
    if (journalled?.digest === digest && journalled.ownSignature !== null && journalled.otherSignature !== null) {
      found.push(journalled);
      vouched = record.prev;
      continue;
    }
    // Signatures take time, and other work must go on between them.
    await setImmediate();
    const isVouched = digest === vouched;
    if (!(await signedBy(household, signerOf(domain, record, gatewaySignature), isVouched)))
      throw unproven(`record ${seq} was not signed by this household`);
    if (!(await signedBy(aggregator, signerOf(domain, record, aggregatorSignature), isVouched)))
      throw unproven(`record ${seq} was not signed by the aggregator`);
    vouched = record.prev;
    if (journalled && journalled.digest !== digest) {
      if (statements.accuse(pair, { seq, digest }, one)) throw hidden(seq);
      throw unproven(`record ${seq} is another one in the journal`);
    }
    found.push({
      record,
      evidence: trusted(record, evidence),
      digest,
      ownSignature: gatewaySignature,
      otherSignature: aggregatorSignature,
    });
  }
  return found.toReversed();
}

/** Whether a key is or was a party's; one that was revoked could be a thief's, and counts only under what is vouched for. */
function keyOwners(chain: RecoveryParts["chain"], owners: readonly string[]) {
  const parties = new Map<string, string | null>();
  const keys = new Map<string, KeyState | undefined>();
  return async (owner: string, key: string, isVouched: boolean): Promise<boolean> => {
    if (parties.size === 0) for (const one of owners) parties.set(one, (await chain.partyOf(one)).signer);
    if (key === owner || key === parties.get(owner)) return true;
    if (!keys.has(key)) keys.set(key, await chain.keyOf(key));
    const state = keys.get(key);
    return state?.owner === owner && (isVouched || !state.revoked);
  };
}

/** Into the journal. It counts on the day it was made, not as signed today. */
export function take(pair: string, one: SignedRecord, { records, nowMs }: Pick<RecoveryParts, "records" | "nowMs">): void {
  const { seq, time } = one.record;
  records.recover(pair, one, Math.min(nowMs, Date.parse(time)));
  const journalled = records.at(pair, seq);
  if (journalled?.ownSignature === null && one.ownSignature !== null) records.signed(pair, seq, one.ownSignature);
  if (journalled?.otherSignature === null && one.otherSignature !== null)
    records.countersigned(pair, seq, one.otherSignature, nowMs);
}

/** What a record covers is what it says under both signatures; evidence that is not what it has the hash of says nothing. */
const trusted = (record: RecordWire, evidence: Evidence): Evidence =>
  evidenceHash(evidence) === record.ref ? evidence : { register: registerOf(record), slots: [] };

/** The register whose slots a record settles. */
export const registerOf = ({ kind }: RecordWire): Evidence["register"] =>
  kind === "import" || kind === "export" ? kind : "none";

/** What came proves nothing. */
export const unproven = (why: string): AppError => new AppError("settlement-head-unproven", `journal not recovered: ${why}`);

/** The proof of a lie came. */
export const hidden = (seq: number): AppError =>
  new AppError(
    "settlement-record-hidden",
    `record ${seq} has two bodies: the aggregator had signed that there was no newer record when it held one; both are kept with its word`,
  );
