import { overallVerdict, type Verdict } from "../verify/verdict.ts";

/** What an audit does, in this order. */
export const auditSteps = [
  "events",
  "data",
  "roots",
  "signatures",
  "chains",
  "periods",
  "amounts",
  "prices",
  "trades",
  "heads",
  "escrow",
] as const;
export type AuditStep = (typeof auditSteps)[number];

/** Why something is not good; docs/reference/settlement.md says of each what it means. */
export const auditCauses = [
  "agreement-differs",
  "agreement-unsigned",
  "amount-differs",
  "amount-unchecked",
  "balances-differ",
  "blobs-unseen",
  "countersignature-missing",
  "data-missing",
  "digest-unexplained",
  "epochs-skipped",
  "evidence-differs",
  "head-unlogged",
  "history-incomplete",
  "leg-missing",
  "legs-differ",
  "legs-unexplained",
  "order-oversold",
  "party-unregistered",
  "period-future",
  "periods-overlap",
  "place-malformed",
  "prev-differs",
  "prices-late",
  "prices-unbound",
  "record-malformed",
  "record-missing",
  "record-unlogged",
  "root-differs",
  "settled-differs",
  "signature-invalid",
  "signature-missing",
  "signer-foreign",
  "signer-over",
  "source-differs",
  "stranger-epoch",
  "tokens-missing",
  "tokens-surplus",
  "totals-differ",
  "two-histories",
] as const;
export type AuditCause = (typeof auditCauses)[number];

/** One thing that is not as it has to be, or could not be seen. A note counts for no verdict. */
export interface AuditFinding {
  step: AuditStep;
  verdict: "bad" | "unknown" | "note";
  cause: AuditCause;
  /** Where: a block, an epoch, a record. */
  place: string;
  detail: string;
}

/** What a step came to. */
export interface StepResult {
  step: AuditStep;
  verdict: Verdict;
  /** How many things were looked at: events, epochs, signatures, records. */
  checked: number;
}

export interface AuditReport {
  verdict: Verdict;
  steps: StepResult[];
  findings: AuditFinding[];
  /** By step and cause: findings beyond those that are listed. */
  more: { step: AuditStep; cause: AuditCause; count: number }[];
}

/** So many findings of one cause are listed; all are counted. */
const listed = { bad: 1000, unknown: 3, note: 20 } as const;

/** Collects what an audit finds. */
export interface Journal {
  checked(step: AuditStep, count?: number): void;
  find(step: AuditStep, verdict: AuditFinding["verdict"], cause: AuditCause, place: string, detail: string): void;
  report(): AuditReport;
}

export function journal(): Journal {
  const steps = new Map<AuditStep, { verdict: Verdict; checked: number }>(
    auditSteps.map((step) => [step, { verdict: "good", checked: 0 }]),
  );
  const findings: AuditFinding[] = [];
  const counts = new Map<string, { step: AuditStep; cause: AuditCause; count: number; most: number }>();
  const stepOf = (step: AuditStep) => steps.get(step) ?? { verdict: "good" as Verdict, checked: 0 };
  return {
    checked(step, count = 1) {
      stepOf(step).checked += count;
    },
    find(step, verdict, cause, place, detail) {
      if (verdict !== "note" && stepOf(step).verdict !== "bad") stepOf(step).verdict = verdict;
      const key = `${step} ${verdict} ${cause}`;
      const counted = counts.get(key) ?? { step, cause, count: 0, most: listed[verdict] };
      counts.set(key, counted);
      if (++counted.count <= counted.most) findings.push({ step, verdict, cause, place, detail });
    },
    report() {
      const results = auditSteps.map((step) => ({ step, ...stepOf(step) }));
      const order = new Map(auditSteps.map((step, at) => [step, at]));
      return {
        verdict: overallVerdict(results),
        steps: results,
        findings: findings.toSorted((one, other) => (order.get(one.step) ?? 0) - (order.get(other.step) ?? 0)),
        more: [...counts.values()]
          .filter(({ count, most }) => count > most)
          .map(({ step, cause, count, most }) => ({ step, cause, count: count - most })),
      };
    },
  };
}
