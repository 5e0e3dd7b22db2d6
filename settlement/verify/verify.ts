import { AppError } from "../../core/app-error.ts";
import { plainText } from "../../core/plain-text.ts";
import { Bundle } from "./bundle.ts";
import type { ChainReader } from "../chain/chain-reader.ts";
import {
  checkAgreement,
  checkAmount,
  checkEvidence,
  checkHash,
  checkInclusion,
  checkPrevious,
  checkPrices,
} from "./check-bundle.ts";
import { checkPricesCommitted, checkRoot, checkSettled, checkSignatures } from "./check-on-chain.ts";
import { bad, type CheckName, checkNames, good, type Outcome, overallVerdict, unknown, type Verdict } from "./verdict.ts";

/** The outcome of one check of a bundle. */
export interface Finding extends Outcome {
  check: CheckName;
}

type Checks = Record<CheckName, () => Outcome | Promise<Outcome>>;

/**
 * Checks a proof bundle. Runs in browsers too; never throws for what is wrong with the bundle or the chain.
 * @param input the parsed JSON of the bundle
 * @param chain the settlement contract as a node that the verifier trusts sees it; null to stay offline.
 * Offline, signatures are checked against the keys that the agreement names, and nothing is known of the chain
 */
export async function verifyBundle(input: unknown, chain: ChainReader | null): Promise<Finding[]> {
  const checks = checksOf(input, chain);
  if (typeof checks === "string")
    return checkNames.map((check) =>
      check === "format" ? { check, ...bad(checks) } : { check, ...unknown("not checked, because the format is bad") },
    );
  const findings: Finding[] = [];
  for (const check of checkNames) findings.push({ check, ...(await outcomeOf(checks[check])) });
  return findings;
}

/** Hashes come before what the chain is asked, and signatures, which take the longest, come last. */
const quickestFirst: readonly CheckName[] = [
  "record-hash",
  "evidence",
  "prices",
  "chain-of-records",
  "inclusion",
  "amount",
  "prices-committed",
  "root-on-chain",
  "settled",
  "agreement",
  "signatures",
];

/** The verdict over all that verifyBundle comes to, without the reasons: the first bad check ends it. */
export async function quickVerdict(input: unknown, chain: ChainReader | null): Promise<Verdict> {
  const checks = checksOf(input, chain);
  if (typeof checks === "string") return "bad";
  const outcomes: Outcome[] = [];
  for (const check of quickestFirst) {
    const outcome = await outcomeOf(checks[check]);
    if (outcome.verdict === "bad") return "bad";
    outcomes.push(outcome);
  }
  return overallVerdict(outcomes);
}

/** The checks of a well-formed bundle; else what is wrong with the format. */
function checksOf(input: unknown, chain: ChainReader | null): Checks | string {
  const parsed = Bundle.safeParse(input);
  if (!parsed.success)
    return plainText(parsed.error.issues.map((issue) => `${issue.path.join(".") || "bundle"}: ${issue.message}`).join("; "));
  const bundle = parsed.data;
  const elsewhere = chain && (chain.chainId !== bundle.chainId || chain.contract !== bundle.contract);
  const foreign = bad(
    `the bundle is for contract ${bundle.contract} on chain ${bundle.chainId}, which is not the one to check against`,
  );
  const usable = elsewhere ? null : chain;
  return {
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
