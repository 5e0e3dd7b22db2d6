import { AppError } from "../../core/app-error.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import { dueOf, type Service } from "./due.ts";
import { recordDigest, zeroHash } from "./record.ts";
import { evidenceHash, pricesHash } from "./reference-hash.ts";
import { agreementHash, domainOf, type Terms } from "./sign-agreement.ts";

/** What the proposer starts from. */
export interface RecordBasis extends Service {
  agreement: Terms;
  /** Newest record of the pair, null for the first. */
  previous: RecordWire | null;
  evidence: Evidence;
  /** Null for a reward. */
  series: PriceSeries | null;
  /** 32 random bytes as hex; they keep the published digest from being guessed. */
  salt: string;
  /** Instant of the proposal, on a whole second. */
  time: string;
}

/**
 * The record that follows from the evidence, next in the pair's chain. Pure.
 * @throws AppError of dueOf and recordDigest, settlement-no-rule for kinds that the agreement does not price
 */
export function composeRecord(basis: RecordBasis): RecordWire {
  const { agreement, previous, evidence, series, kind, start, end, salt, time } = basis;
  const due = dueOf(basis, evidence, agreement, series);
  if (!due) throw new AppError("settlement-no-rule", `the agreement has no rule for records of kind ${kind}`);
  const { a, b } = agreement;
  const record: RecordWire = {
    a,
    b,
    seq: (previous?.seq ?? 0) + 1,
    start,
    end,
    cumA: String(BigInt(previous?.cumA ?? "0") + (due.payer === a ? due.amount : 0n)),
    cumB: String(BigInt(previous?.cumB ?? "0") + (due.payer === b ? due.amount : 0n)),
    salt,
    kind,
    payer: due.payer,
    time,
    wh: due.wh,
    amount: String(due.amount),
    prices: series && kind !== "reward" ? pricesHash(series) : zeroHash,
    agreement: agreementHash(agreement),
    ref: evidenceHash(evidence),
    prev: previous ? recordDigest(domainOf(agreement), previous) : zeroHash,
  };
  recordDigest(domainOf(agreement), record);
  return record;
}
