import { startOfLocalDay } from "../../core/slots.ts";
import { sumOfLines, type Missing, type SavingsLine, type SavingsSums } from "./savings-ledger.ts";

/** A day that cost more than the baseline. */
export interface LossDay {
  /** Midnight at its start, ms. */
  startMs: number;
  shiftingMicro: bigint;
  reason: string;
}

/** What a period has brought, all of it sums of lines. */
export interface SavingsStatement extends SavingsSums {
  /** Shifting and flexibility payments, less fees; own solar is not in it. */
  totalMicro: bigint;
  /** Of the period, in per cent with one decimal, rounded down: slots with meter, price and appliance figures. */
  coveragePercent: number;
  /** Of the slots that count, those with something that was worked out and not read. */
  estimatedPercent: number;
  /** Whether the figures are an estimate: less than 95 % is covered, or more than 5 % of that was worked out. */
  isEstimate: boolean;
  /** Time without figures by what is missing, in hours; "slot": nothing was kept. */
  missingHours: Partial<Record<Missing | "slot", number>>;
  lossDays: LossDay[];
  solarMeasured: boolean;
}

const enoughPercent = 95;

/** Sums up the lines of [from, to). Pure. @param zone IANA zone whose days are looked at for losses */
export function savingsStatement(
  lines: readonly SavingsLine[],
  { fromMs, toMs, zone }: { fromMs: number; toMs: number; zone: string },
): SavingsStatement {
  const sums = sumOfLines(lines);
  const slots = lines.filter(({ kind }) => kind === "slot");
  const length = (some: readonly SavingsLine[]): number => some.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const covered = slots.filter(({ missing }) => missing === null);
  const coveragePercent = percent(length(covered), toMs - fromMs);
  const estimatedPercent = percent(length(covered.filter(({ estimated }) => estimated)), length(covered));
  const missingHours: SavingsStatement["missingHours"] = {};
  const lacks = (what: Missing | "slot", ms: number): void => {
    if (ms > 0) missingHours[what] = (missingHours[what] ?? 0) + ms / 3_600_000;
  };
  for (const { missing, startMs, endMs } of slots) if (missing) lacks(missing, endMs - startMs);
  lacks("slot", toMs - fromMs - length(slots));
  return {
    ...sums,
    totalMicro: sums.shiftingMicro + sums.flexibilityMicro - sums.feesMicro,
    coveragePercent,
    estimatedPercent,
    isEstimate: coveragePercent < enoughPercent || estimatedPercent > 100 - enoughPercent,
    missingHours,
    lossDays: lossDays(lines, zone),
    solarMeasured: slots.some(({ slot }) => slot !== null && slot.pvWh !== null),
  };
}

const percent = (part: number, whole: number): number => (whole <= 0 ? 0 : Math.floor((part / whole) * 1000) / 10);

function lossDays(lines: readonly SavingsLine[], zone: string): LossDay[] {
  const days = Map.groupBy(lines, ({ startMs }) => startOfLocalDay(startMs, zone));
  return [...days]
    .map(([startMs, ofDay]) => ({ startMs, shiftingMicro: sumOfLines(ofDay).shiftingMicro, reason: reasonOf(startMs, ofDay) }))
    .filter(({ shiftingMicro }) => shiftingMicro < 0n)
    .toSorted((a, b) => a.startMs - b.startMs);
}

/** What the figures of a day can tell of why it cost more; the first that fits. */
function reasonOf(dayMs: number, lines: readonly SavingsLine[]): string {
  if (sumOfLines(lines).flexibilityMicro > 0n) return "energy was moved for a flexibility payment, which stands on its own line";
  const battery = lines.find(({ kind, reason }) => kind === "battery" && reason !== null)?.reason;
  if (battery) return battery;
  const moved = lines.flatMap(({ slot }) => slot?.appliances ?? []).filter((one) => one.actualWh !== one.baselineWh);
  if (moved.some(({ spanMs }) => spanMs < dayMs))
    return "what was moved out of the evening before runs on this day, and its saving stands there";
  if (lines.some(({ slot }) => slot?.pricedBy === "pattern")) return "the prices were not published when it was planned";
  if (lines.some(({ estimated }) => estimated)) return "some figures of the day were worked out and not read";
  return "a limit, a comfort wish, a deadline, a resident's word or the random delay stood above the price";
}
