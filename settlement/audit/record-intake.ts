import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { ChainEvent } from "../chain/chain-events.ts";
import type { SettlementDomain } from "../record/domain.ts";
import { zeroHash } from "../record/record.ts";
import type { Journal } from "./journal.ts";
import type { KeyHistory } from "./key-history.ts";
import type { LeafTimes } from "./leaf-times.ts";
import type { PairBooks } from "./pair-book.ts";
import { recordPlace } from "./places.ts";
import type { SignatureCheck } from "./signature-check.ts";
import type { TradeLegs } from "./trade-legs.ts";

/** A record with its signatures; "0x" for one that is missing. */
export interface SeenRecord {
  record: RecordWire;
  digest: string;
  signatureA: string;
  signatureB: string;
}

/** How a record came to be public. */
export interface Logged {
  /** The party that committed it; null for one that was published on its own. */
  by: string | null;
  /** Unix seconds. */
  timeS: number;
  place: string;
  /** Whether the signatures are those that the party has published, and not what somebody else passed on. */
  exact: boolean;
}

/** What an audit knows so far, and what records are checked against. */
export interface AuditState {
  domain: SettlementDomain;
  say: Journal;
  events: readonly ChainEvent[];
  keys: KeyHistory;
  books: PairBooks;
  signatures: SignatureCheck;
  leaves: LeafTimes;
  trades: TradeLegs;
  /** Digests that the contract names as settled; their records are kept. */
  heads: Map<string, RecordWire | null>;
  /** Parties of whose epochs some data could not be had. */
  without: Set<string>;
  /** Leaves of which only the digest is public, until somebody shows what they stand for. */
  unexplained: Set<string>;
  /** Parties that publish digests only. */
  hiding: Set<string>;
  /** When each party's newest epoch was committed, unix seconds. */
  newestEpochS: Map<string, number>;
  /** Records that were checked. */
  records: number;
}

/** The contract lets a service period end so much later than its clock says. */
const aheadS = 3600;

/** Checks one record that a party has logged; a record that was there before is not checked again. */
export function takeRecord(seen: SeenRecord, logged: Logged, checks: AuditState): void {
  const { record, digest } = seen;
  const { say } = checks;
  const place = recordPlace(record);
  if (logged.by !== null && logged.by !== record.a && logged.by !== record.b) {
    say.find("chains", "bad", "stranger-epoch", place, `is in ${logged.place}, whose party is none of the two`);
    return;
  }
  if (!checks.books.add(record, digest)) return;
  checks.records++;
  if (checks.heads.has(digest)) checks.heads.set(digest, record);
  const [startS, endS] = [Date.parse(record.start) / 1000, Date.parse(record.end) / 1000];
  if (endS > logged.timeS + aheadS)
    say.find("periods", "bad", "period-future", place, `the period ends at ${record.end}, after ${logged.place} had it`);
  for (const [owner, signature] of [
    [record.a, seen.signatureA],
    [record.b, seen.signatureB],
  ] as const) {
    const objection = checks.keys.objectPeriod(owner, startS, endS);
    if (objection) say.find("signatures", "bad", objection.cause, place, objection.detail);
    const whenWrong = logged.exact ? "bad" : "unknown";
    if (signature === "0x") say.find("signatures", whenWrong, "signature-missing", place, `has no signature for ${owner}`);
    else checks.signatures.add({ owner, digest, signature, endS, loggedS: logged.timeS, place, whenWrong });
  }
  checkPrices(record, startS, checks);
  checks.trades.add(record, logged.timeS);
}

/** Prices that nobody had bound before the service period may have been chosen afterwards. */
function checkPrices(record: RecordWire, startS: number, { leaves, without, say }: AuditState): void {
  const { a, b, prices } = record;
  if (prices === zeroHash) return;
  say.checked("prices");
  const bound = leaves.first(prices, [a, b]);
  if (bound && bound.timeS <= startS) return;
  const place = recordPlace(record);
  // An earlier epoch whose data could not be had may hold them.
  const verdict = without.has(a) || without.has(b) ? "unknown" : "bad";
  if (bound)
    say.find(
      "prices",
      verdict,
      "prices-late",
      place,
      `price series ${prices} is in epoch ${bound.epoch} of ${bound.by}, after ${record.start}`,
    );
  else say.find("prices", verdict, "prices-unbound", place, `price series ${prices} is in no epoch of the two`);
}
