import type { CosignedRecord, NewestStatement } from "../../core/message/settlement-message.ts";
import { newestSigner } from "../../settlement/record/newest-statement.ts";
import { zeroHash } from "../../settlement/record/record.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import type { RecordStore } from "../store/record-store.ts";
import type { HoldStore } from "../store/settlement-hold.ts";
import { demandNotOlder, provenRecords, type RecoveryParts, take, unproven } from "./recover-journal.ts";

/** A message may have waited for a home that was offline; what is older was said before something else could be. */
const oldestS = 3600;
/** How far the other side's clock may be ahead. */
const aheadS = 600;

/**
 * The number from which on co-signed records are missing. A held journal is whole again only from its first record on; one
 * that is not held stands for all before its newest.
 */
export function missingFrom(pair: string, { records, hold }: { records: RecordStore; hold: HoldStore }): number {
  return (hold.held() ? records.cosignedUpTo(pair) : (records.newestCosigned(pair)?.record.seq ?? 0)) + 1;
}

/**
 * Takes from the aggregator what a journal lost, and lifts the hold on signing once nothing is missing. Its word alone counts
 * for nothing: it must show each record from the last one here up to the one that it says is the newest. Each has the digest
 * of the one before under both signatures, so none in between can be left out; and that there is none after it the aggregator
 * signs, which is kept.
 * @returns the number from which on it has to show more; null once the journal is whole
 * @throws AppError settlement-head-unproven, settlement-record-hidden; nothing is taken and the hold stays
 */
export async function followAggregator(
  given: readonly CosignedRecord[],
  newest: NewestStatement | undefined,
  parts: RecoveryParts,
): Promise<number | null> {
  const { agreement, chain, records, statements, hold, nowMs } = parts;
  const { a, b, aggregator } = agreement;
  const pair = `${a}-${b}`;
  if (!newest) throw unproven("the aggregator did not sign which record is its newest");
  if (newest.time < nowMs / 1000 - oldestS || newest.time > nowMs / 1000 + aheadS)
    throw unproven(`what the aggregator says of its newest record is of ${newest.time}, it is ${Math.floor(nowMs / 1000)}`);
  const by = newestSigner(domainOf(agreement), agreement, newest);
  if (by !== aggregator && by !== (await chain.partyOf(aggregator)).signer)
    throw unproven(`${by}, who says which record is the newest, is not the aggregator`);
  const cosigned = records.newestCosigned(pair)?.record.seq ?? 0;
  const known = Math.max((await chain.pairOf(a, b)).seq, records.newest(pair)?.record.seq ?? 0);
  demandNotOlder(newest.seq, `the aggregator says that ${newest.seq} is its newest`, { known, cosigned });
  const base = missingFrom(pair, parts) - 1;
  const fresh = (await provenRecords(given, parts)).filter(({ record }) => record.seq > base);
  let [seq, digest] = [base, records.at(pair, base)?.digest ?? zeroHash];
  for (const { record, digest: next } of fresh) {
    if (record.seq !== seq + 1 || record.prev !== digest) throw unproven(`record ${record.seq} does not follow record ${seq}`);
    [seq, digest] = [record.seq, next];
  }
  if (fresh.length > 0 && (seq > newest.seq || (seq === newest.seq && digest !== newest.digest)))
    throw unproven(`record ${seq} came, the aggregator signed that ${newest.seq} with another digest is its newest`);
  for (const one of fresh) take(pair, one, parts);
  if (seq < newest.seq) {
    if (fresh.length === 0) throw unproven(`records ${seq + 1} to ${newest.seq} did not come`);
    return seq + 1;
  }
  // One that was found on chain may stand beyond what it says.
  const missing = missingFrom(pair, parts);
  if (missing <= cosigned) throw unproven(`record ${cosigned} is known here, and record ${missing} did not come`);
  if (seq === newest.seq) statements.keep(pair, newest, nowMs);
  hold.lift();
  return null;
}
