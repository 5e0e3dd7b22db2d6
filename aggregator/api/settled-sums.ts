import type { SettledSum } from "../store/settled-sums-store.ts";

/** How finely time is told apart: days and months in UTC, or the whole span. */
export const steps = ["day", "month", "all"] as const;
export type Step = (typeof steps)[number];

/** Records of one home, time and kind, with what each side owes for them. */
export interface StepSum extends Omit<SettledSum, "payer" | "micro"> {
  /** Micro-units. */
  householdOwes: bigint;
  aggregatorOwes: bigint;
}

/** Start of the day or month that holds a day; of the span for `all`. UTC ms. */
export function startOfStep(dayMs: number, step: Step, fromMs: number): number {
  if (step === "all") return fromMs;
  if (step === "day") return dayMs;
  const day = new Date(dayMs);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1);
}

/** Adds the sums of days up to steps and both payers into one line. Pure; keeps the order of days. */
export function addUp(
  sums: readonly SettledSum[],
  { step, fromMs, owner }: { step: Step; fromMs: number; owner: string | null },
): StepSum[] {
  const found = new Map<string, StepSum>();
  for (const { payer, micro, ...sum } of sums) {
    const dayMs = startOfStep(sum.dayMs, step, fromMs);
    const key = `${dayMs} ${sum.site} ${sum.kind}`;
    const before = found.get(key) ?? { ...sum, dayMs, records: 0, wh: 0, householdOwes: 0n, aggregatorOwes: 0n };
    found.set(key, {
      ...before,
      records: before.records + sum.records,
      wh: before.wh + sum.wh,
      householdOwes: before.householdOwes + (payer === owner ? 0n : micro),
      aggregatorOwes: before.aggregatorOwes + (payer === owner ? micro : 0n),
    });
  }
  return [...found.values()];
}
