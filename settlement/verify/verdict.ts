/** What `settlement verify` checks, in this order. */
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
export type CheckName = (typeof checkNames)[number];

/** unknown: nothing speaks against it, but it could not be seen, such as when the chain does not answer. */
export type Verdict = "good" | "bad" | "unknown";

/** What a check came to, with a sentence for people. */
export interface Outcome {
  verdict: Verdict;
  detail: string;
}

export const good = (detail: string): Outcome => ({ verdict: "good", detail });
export const bad = (detail: string): Outcome => ({ verdict: "bad", detail });
export const unknown = (detail: string): Outcome => ({ verdict: "unknown", detail });

/** Bad if any is bad, good only if there are some and all are good, else unknown. */
export function overallVerdict(findings: readonly { verdict: Verdict }[]): Verdict {
  if (findings.some(({ verdict }) => verdict === "bad")) return "bad";
  return findings.length > 0 && findings.every(({ verdict }) => verdict === "good") ? "good" : "unknown";
}
