import { dueOf } from "../record/due.ts";
import type { Bundle } from "./bundle.ts";
import { verifyInclusion } from "../log/epoch.ts";
import { recordDigest, zeroHash } from "../record/record.ts";
import { evidenceHash, pricesHash } from "../record/reference-hash.ts";
import { agreementHash, verifyAgreement } from "../record/sign-agreement.ts";
import { bad, good, type Outcome, unknown } from "./verdict.ts";

/*
 * What a bundle says for itself, checked without asking anybody. Each throws the AppErrors of what it calls; they speak
 * against the bundle.
 */

/** The digest that everything else hangs on is that of the record. */
export function checkHash({ chainId, contract, record, digest }: Bundle): Outcome {
  const computed = recordDigest({ chainId, contract }, record);
  return computed === digest
    ? good(`${digest} is the record's digest`)
    : bad(`stated is ${digest}, the record's digest is ${computed}`);
}

/** `ref` in the record is the hash of the evidence. */
export function checkEvidence({ record, evidence }: Bundle): Outcome {
  const hash = evidenceHash(evidence);
  return hash === record.ref
    ? good(`${whatOf(evidence)} the hash in the record`)
    : bad(`the evidence has hash ${hash}, the record says ${record.ref}`);
}

function whatOf({ trade, deviation, order, slots }: Bundle["evidence"]): string {
  if (order) return "the order has";
  if (trade) return "the trade has";
  return deviation ? "what was traded and done has" : `${slots.length} slots have`;
}

/** The terms are those that both have signed for these two, and the service period lies in them. */
export function checkAgreement({ record, agreement: signed, chainId, contract }: Bundle): Outcome {
  const { agreement } = signed;
  if (agreement.a !== record.a || agreement.b !== record.b) return bad("the agreement is between other parties than the record");
  if (agreement.chainId !== chainId || agreement.settlementContract !== contract)
    return bad("the agreement names another chain or contract than the bundle");
  const hash = agreementHash(agreement);
  if (hash !== record.agreement) return bad(`the agreement has hash ${hash}, the record says ${record.agreement}`);
  if (Date.parse(record.start) < Date.parse(agreement.from) || Date.parse(record.end) > Date.parse(agreement.until))
    return bad(`the service period is outside ${agreement.from} to ${agreement.until}`);
  verifyAgreement(signed);
  return good(`signed by both, from ${agreement.from} until ${agreement.until}`);
}

/** The record follows the one before it, in number, hash and totals. */
export function checkPrevious({ record, previous, chainId, contract }: Bundle): Outcome {
  if (!previous && record.seq > 1) return unknown(`record ${record.seq - 1} is not in the bundle`);
  if (previous && (previous.a !== record.a || previous.b !== record.b)) return bad("the previous record is of another pair");
  const seq = (previous?.seq ?? 0) + 1;
  if (record.seq !== seq) return bad(`record ${record.seq} cannot follow record ${seq - 1}`);
  const prev = previous ? recordDigest({ chainId, contract }, previous) : zeroHash;
  if (record.prev !== prev) return bad(`the previous record has digest ${prev}, the record says ${record.prev}`);
  const grownA = BigInt(record.cumA) - BigInt(previous?.cumA ?? "0");
  const grownB = BigInt(record.cumB) - BigInt(previous?.cumB ?? "0");
  const amount = BigInt(record.amount);
  if (grownA !== (record.payer === record.a ? amount : 0n) || grownB !== (record.payer === record.b ? amount : 0n))
    return bad("the totals do not grow by exactly the amount, on the payer's side");
  return good(previous ? `follows record ${previous.seq}; the totals grow by the amount` : "is the pair's first record");
}

/** `prices` in the record is the hash of the series, or zero where none applies. */
export function checkPrices({ record, prices }: Bundle): Outcome {
  const hash = prices ? pricesHash(prices) : zeroHash;
  if (hash !== record.prices) return bad(`the price series has hash ${hash}, the record says ${record.prices}`);
  return good(prices ? "the price series has the hash in the record" : "the record needs no price series");
}

/** Energy, amount and payer follow from evidence, prices and agreement. */
export function checkAmount({ record, evidence, agreement, prices }: Bundle): Outcome {
  const due = dueOf(record, evidence, agreement.agreement, prices);
  if (!due) return unknown(`the agreement has no rule to recompute a record of kind ${record.kind}`);
  if (record.wh !== due.wh) return bad(`the record says ${record.wh} Wh, its slots ${due.wh} Wh`);
  if (BigInt(record.amount) !== due.amount) return bad(`the record says ${record.amount} micro-units, recomputed ${due.amount}`);
  if (record.payer !== due.payer) return bad(`the record lets ${record.payer} pay, by the agreement it is ${due.payer}`);
  return good(`${due.wh} Wh and ${due.amount} micro-units recomputed`);
}

/** The proof leads from the digest to the root that the bundle names; whether that root is on chain is another check. */
export function checkInclusion({ inclusion, digest }: Bundle): Outcome {
  if (!inclusion) return unknown("no party has published the record yet, as far as the bundle says");
  return verifyInclusion(inclusion.root, digest, inclusion.proof)
    ? good(`the proof leads to root ${inclusion.root}`)
    : bad(`the proof does not lead to root ${inclusion.root}`);
}
