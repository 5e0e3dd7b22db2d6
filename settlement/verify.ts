import { AppError } from "../core/app-error.ts";
import { iso } from "../core/clock/clock.ts";
import type { EpochInclusion } from "../core/message/settlement-message.ts";
import { Bundle } from "./bundle.ts";
import type { ChainReader, CommitState, KeyState, PartyState } from "./chain-reader.ts";
import { dueOf } from "./due.ts";
import { verifyInclusion } from "./epoch.ts";
import { recordDigest, signerOf, zeroHash } from "./record.ts";
import { evidenceHash, pricesHash } from "./reference-hash.ts";
import { verifyAgreement } from "./sign-agreement.ts";

/** What is checked, in this order. */
export const checkNames = [
  "format",
  "record-hash",
  "evidence",
  "agreement",
  "signatures",
  "chain-of-records",
  "prices",
  "prices-committed",
  "amount",
  "inclusion",
  "root-on-chain",
  "settled",
] as const;

/** unknown: nothing speaks against it, but it could not be seen, such as when the chain does not answer. */
export type Verdict = "good" | "bad" | "unknown";

/** The outcome of one check, with a sentence for people. */
export interface Finding {
  check: (typeof checkNames)[number];
  verdict: Verdict;
  detail: string;
}

type Outcome = Omit<Finding, "check">;

const good = (detail: string): Outcome => ({ verdict: "good", detail });
const bad = (detail: string): Outcome => ({ verdict: "bad", detail });
const unknown = (detail: string): Outcome => ({ verdict: "unknown", detail });

/**
 * Checks a proof bundle. Runs in browsers too; never throws for what is wrong with the bundle or the chain.
 * @param input the parsed JSON of the bundle
 * @param chain the settlement contract as a node that the verifier trusts sees it; null to stay offline.
 * Offline, signatures are checked against the keys that the agreement names, and nothing is known of the chain
 */
export async function verifyBundle(input: unknown, chain: ChainReader | null): Promise<Finding[]> {
  const parsed = Bundle.safeParse(input);
  if (!parsed.success) {
    const detail = parsed.error.issues.map((issue) => `${issue.path.join(".") || "bundle"}: ${issue.message}`).join("; ");
    return checkNames.map((check) =>
      check === "format" ? { check, ...bad(detail) } : { check, ...unknown("not checked, because the format is bad") },
    );
  }
  const bundle = parsed.data;
  const elsewhere = chain && (chain.chainId !== bundle.chainId || chain.contract !== bundle.contract);
  const foreign = bad(
    `the bundle is for contract ${bundle.contract} on chain ${bundle.chainId}, which is not the one to check against`,
  );
  const usable = elsewhere ? null : chain;
  const checks: Record<(typeof checkNames)[number], () => Outcome | Promise<Outcome>> = {
    format: () => good("all fields are there and well-formed"),
    "record-hash": () => checkHash(bundle),
    evidence: () => checkEvidence(bundle),
    agreement: () => checkAgreement(bundle),
    signatures: () => checkSignatures(bundle, usable),
    "chain-of-records": () => checkPrevious(bundle),
    prices: () => checkPrices(bundle),
    "prices-committed": () => (elsewhere ? foreign : checkPricesCommitted(bundle, usable)),
    amount: () => checkAmount(bundle),
    inclusion: () => checkInclusion(bundle),
    "root-on-chain": () => (elsewhere ? foreign : checkRoot(bundle, usable)),
    settled: () => (elsewhere ? foreign : checkSettled(bundle, usable)),
  };
  const findings: Finding[] = [];
  for (const check of checkNames) findings.push({ check, ...(await outcomeOf(checks[check])) });
  return findings;
}

/** Bad if any check is bad, good only if all are good, else unknown. */
export function overallVerdict(findings: readonly Finding[]): Verdict {
  if (findings.some(({ verdict }) => verdict === "bad")) return "bad";
  return findings.length > 0 && findings.every(({ verdict }) => verdict === "good") ? "good" : "unknown";
}

/** What a bundle makes a check throw speaks against the bundle; what the chain throws is caught where it is asked. */
async function outcomeOf(check: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof AppError) return bad(error.message);
    throw error;
  }
}

/** Asks the chain; the reason where it has no answer. */
async function ask<T>(question: () => Promise<T>): Promise<{ answer: T } | { silence: string }> {
  try {
    return { answer: await question() };
  } catch (error) {
    if (error instanceof AppError) return { silence: error.message };
    throw error;
  }
}

function checkHash({ chainId, contract, record, digest }: Bundle): Outcome {
  const computed = recordDigest({ chainId, contract }, record);
  return computed === digest
    ? good(`${digest} is the record's digest`)
    : bad(`stated is ${digest}, the record's digest is ${computed}`);
}

function checkEvidence({ record, evidence }: Bundle): Outcome {
  const hash = evidenceHash(evidence);
  return hash === record.ref
    ? good(`${evidence.slots.length} slots have the hash in the record`)
    : bad(`the evidence has hash ${hash}, the record says ${record.ref}`);
}

function checkAgreement({ record, agreement: signed, chainId, contract }: Bundle): Outcome {
  const { agreement } = signed;
  if (agreement.a !== record.a || agreement.b !== record.b) return bad("the agreement is between other parties than the record");
  if (agreement.chainId !== chainId || agreement.settlementContract !== contract)
    return bad("the agreement names another chain or contract than the bundle");
  const hash = verifyAgreement(signed);
  if (hash !== record.agreement) return bad(`the agreement has hash ${hash}, the record says ${record.agreement}`);
  if (Date.parse(record.start) < Date.parse(agreement.from) || Date.parse(record.end) > Date.parse(agreement.until))
    return bad(`the service period is outside ${agreement.from} to ${agreement.until}`);
  return good(`signed by both, from ${agreement.from} until ${agreement.until}`);
}

async function checkSignatures(bundle: Bundle, chain: ChainReader | null): Promise<Outcome> {
  const { record, chainId, contract, agreement } = bundle;
  const sides = [
    { owner: record.a, signature: bundle.signatureA, stated: agreement.agreement.signerA },
    { owner: record.b, signature: bundle.signatureB, stated: agreement.agreement.signerB },
  ].map((side) => ({ ...side, signer: signerOf({ chainId, contract }, record, side.signature) }));
  const asked = chain
    ? await ask(() =>
        Promise.all(
          sides.map(async ({ owner, signer }) => ({ party: await chain.partyOf(owner), key: await chain.keyOf(signer) })),
        ),
      )
    : { silence: "offline" };
  if ("silence" in asked) {
    const foreign = sides.find(({ signer, stated }) => signer !== stated);
    return foreign
      ? bad(`signed for ${foreign.owner} by ${foreign.signer}, the agreement names ${foreign.stated}`)
      : good(`both by the keys in the agreement; the registry was not asked (${asked.silence})`);
  }
  const outcomes = sides.map((side, index) => checkKey(record, side, asked.answer[index]));
  return (
    outcomes.find(({ verdict }) => verdict === "bad") ??
    outcomes.find(({ verdict }) => verdict === "unknown") ??
    good("both by registered keys")
  );
}

/** By the owner's own key, or one that was its signer when the service period ended. */
function checkKey(
  { start, end }: Bundle["record"],
  { owner, signer }: { owner: string; signer: string },
  known: { party: PartyState; key: KeyState | undefined } | undefined,
): Outcome {
  const { party, key } = known ?? {};
  const [startS, endS] = [Date.parse(start) / 1000, Date.parse(end) / 1000];
  if (!party || party.until === 0) return bad(`${owner} is not registered`);
  if (startS < party.since || endS > party.until) return bad(`${owner} was not registered for the whole service period`);
  if (signer === owner) return good("by the owner");
  if (key?.owner !== owner) return bad(`signed for ${owner} by ${signer}, which is none of its keys`);
  const over = iso(Math.min(key.until, lastInstantS) * 1000);
  if (endS > key.until) return bad(`signed for ${owner} by ${signer}, whose time was over at ${over}`);
  return key.revoked ? unknown(`${signer} was revoked at ${over}; a thief could have signed later`) : good("by a signer");
}

/** The last that can be written as a date. */
const lastInstantS = 8.64e12;

function checkPrevious({ record, previous, chainId, contract }: Bundle): Outcome {
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

function checkPrices({ record, prices }: Bundle): Outcome {
  const hash = prices ? pricesHash(prices) : zeroHash;
  if (hash !== record.prices) return bad(`the price series has hash ${hash}, the record says ${record.prices}`);
  return good(prices ? "the price series has the hash in the record" : "the record needs no price series");
}

/** Prices that were bound before anybody used energy cannot have been chosen afterwards. */
async function checkPricesCommitted({ record, prices, pricesInclusion }: Bundle, chain: ChainReader | null): Promise<Outcome> {
  if (!prices) return good("the record needs no price series");
  if (!pricesInclusion) return unknown("no epoch is named that bound the price series before the service period");
  const hash = pricesHash(prices);
  if (!verifyInclusion(pricesInclusion.root, hash, pricesInclusion.proof))
    return bad(`the proof does not lead from the price series to root ${pricesInclusion.root}`);
  const found = await commitmentOf(pricesInclusion, record, chain);
  if (!("time" in found)) return found;
  return found.time * 1000 <= Date.parse(record.start)
    ? good(`committed at ${iso(found.time * 1000)}, before the service period`)
    : bad(`committed at ${iso(found.time * 1000)}, after the service period had begun`);
}

function checkAmount({ record, evidence, agreement, prices }: Bundle): Outcome {
  const due = dueOf(record, evidence, agreement.agreement, prices);
  if (!due) return unknown(`the agreement has no rule to recompute a record of kind ${record.kind}`);
  if (record.wh !== due.wh) return bad(`the record says ${record.wh} Wh, its slots ${due.wh} Wh`);
  if (BigInt(record.amount) !== due.amount) return bad(`the record says ${record.amount} micro-units, recomputed ${due.amount}`);
  if (record.payer !== due.payer) return bad(`the record lets ${record.payer} pay, by the agreement it is ${due.payer}`);
  return good(`${due.wh} Wh and ${due.amount} micro-units recomputed`);
}

function checkInclusion({ inclusion, digest }: Bundle): Outcome {
  if (!inclusion) return unknown("no party has published the record yet, as far as the bundle says");
  return verifyInclusion(inclusion.root, digest, inclusion.proof)
    ? good(`the proof leads to root ${inclusion.root}`)
    : bad(`the proof does not lead to root ${inclusion.root}`);
}

async function checkRoot({ inclusion, record }: Bundle, chain: ChainReader | null): Promise<Outcome> {
  if (!inclusion) return unknown("no root to look for");
  const found = await commitmentOf(inclusion, record, chain);
  return "time" in found ? good(`committed as epoch ${inclusion.epoch} at ${iso(found.time * 1000)}`) : found;
}

/** The commitment that a bundle names, as the chain has it; what speaks against it, or why it could not be seen. */
async function commitmentOf(
  { by, epoch, root, count }: EpochInclusion,
  record: Bundle["record"],
  chain: ChainReader | null,
): Promise<CommitState | Outcome> {
  if (by !== record.a && by !== record.b) return bad(`${by} is not a party of the record`);
  if (!chain) return unknown("offline");
  const asked = await ask<CommitState | undefined>(() => chain.readCommit(by, epoch));
  if ("silence" in asked) return unknown(asked.silence);
  if (!asked.answer) return bad(`${by} has committed no epoch ${epoch}`);
  if (asked.answer.root !== root || asked.answer.count !== count)
    return bad(`epoch ${epoch} of ${by} is ${asked.answer.count} records under root ${asked.answer.root}`);
  return asked.answer;
}

async function checkSettled({ record, digest }: Bundle, chain: ChainReader | null): Promise<Outcome> {
  if (!chain) return unknown("offline");
  const asked = await ask(() => chain.pairOf(record.a, record.b));
  if ("silence" in asked) return unknown(asked.silence);
  const pair = asked.answer;
  if (pair.seq < record.seq) return unknown(`not yet: the newest settled record is ${pair.seq}, this is ${record.seq}`);
  if (pair.seq === record.seq && pair.head !== digest) return bad(`settled as record ${pair.seq} was ${pair.head}`);
  if (pair.cumA < BigInt(record.cumA) || pair.cumB < BigInt(record.cumB))
    return bad("totals settled later are lower than in this record");
  return good(pair.seq === record.seq ? "settled" : `settled with record ${pair.seq}`);
}
