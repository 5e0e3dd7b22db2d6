import { AppError } from "../../core/app-error.ts";
import type { ArchiveLine } from "../log/archive.ts";
import { recordDigest } from "../record/record.ts";
import { pricesHash } from "../record/reference-hash.ts";
import { amountCheck } from "./amount-check.ts";
import { orderFills } from "./order-fills.ts";
import { epochPlace, recordPlace } from "./places.ts";
import { type AuditState, takeRecord } from "./record-intake.ts";
import { signersOf } from "./signers-of.ts";

type RecordLine = Extract<ArchiveLine, { kind: "record" }>;

/** Goes through what the parties keep: recomputes amounts, and checks records of which the log has the digest alone. */
export async function auditArchive(
  state: AuditState,
  archive: AsyncIterable<{ line: number; entry: ArchiveLine }>,
): Promise<void> {
  const { domain, say, unexplained } = state;
  const amounts = amountCheck(domain, state.keys, say);
  const orders = orderFills(say);
  const given = new Set<string>();
  const unlogged: { entry: RecordLine; digest: string }[] = [];
  for await (const { line, entry } of archive) {
    if (entry.kind === "agreement" || entry.kind === "grid-agreement") amounts.agreement(entry, `line ${line}`);
    else if (entry.kind === "prices") {
      amounts.prices(entry.series);
      unexplained.delete(pricesHash(entry.series));
    } else {
      const { record, evidence } = entry;
      const digest = digestOf(entry, line, state);
      if (digest === undefined || given.has(digest)) continue;
      given.add(digest);
      unexplained.delete(digest);
      amounts.record(record, evidence);
      if (evidence.trade) {
        state.trades.explain(evidence.trade.trade);
        orders.add(record, evidence.trade);
      }
      if (state.books.digestAt(record, record.seq) === digest) continue;
      const bound = state.leaves.first(digest, [record.a, record.b]);
      if (bound) takeRecord({ ...entry, digest }, { ...bound, place: epochPlace(bound), exact: false }, state);
      else unlogged.push({ entry, digest });
      await state.signatures.flush();
    }
  }
  for (const one of unlogged) sayUnlogged(one, state);
  sayUngiven(state, given.size - unlogged.length);
}

/** What is left open where no archive, or not all of it, was given. */
export function sayUngiven({ say, records, unexplained }: AuditState, given: number): void {
  if (records > given)
    say.find("amounts", "unknown", "amount-unchecked", "log", `of ${records - given} records no evidence was given`);
  if (unexplained.size === 0) return;
  const why = `${unexplained.size} leaves of the log are digests; what they stand for was not given`;
  for (const step of ["signatures", "chains", "periods", "amounts", "prices", "trades"] as const)
    say.find(step, "unknown", "digest-unexplained", "log", why);
}

/** In no epoch: left out where a later record of the two is in one, else perhaps not yet. */
function sayUnlogged({ entry, digest }: { entry: RecordLine; digest: string }, { books, keys, without, say }: AuditState): void {
  const { record, signatureA, signatureB } = entry;
  const { a, b, seq } = record;
  const signers = signersOf([signatureA, signatureB].map((signature) => ({ digest, signature })));
  const cosigned = [a, b].every((owner, at) => {
    const signer = signers[at];
    return signer ? keys.belongs(signer, owner) : false;
  });
  const there = books.digestAt(record, seq);
  if (there !== undefined && cosigned)
    say.find("chains", "bad", "two-histories", recordPlace(record), `is ${there} in the log, and ${digest} by both signatures`);
  else {
    const left = cosigned && books.newestOf(record) > seq && !without.has(a) && !without.has(b);
    const why = left ? "signed by both and left out of the log: a later record is in it" : "in no epoch of the two, or not yet";
    say.find("chains", left ? "bad" : "unknown", "record-unlogged", recordPlace(record), why);
  }
}

function digestOf({ record }: RecordLine, line: number, { domain, say }: AuditState): string | undefined {
  try {
    return recordDigest(domain, record);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    say.find("chains", "bad", "record-malformed", `line ${line}`, error.message);
    return undefined;
  }
}
