import type { Agreement } from "../../settlement/record/agreement.ts";
import type { MeterStore } from "../store/meter-store.ts";
import type { RecordStore } from "../store/record-store.ts";

const dayMs = 86_400_000;
/** A service day in which clocks are put back. */
const longestDayMs = 25 * 3_600_000;
/** A reward cannot come before its day is over. */
const leastSlackMs = 3_600_000;

/** Older energy is not looked for: it would be found again each minute for ever. */
const lookBackMs = 7 * 86_400_000;
/** So many service periods with export may be left out in that time: a person may decide so. */
const mostLeftOut = 2;

/**
 * Start, in ms, of the oldest service day without its reward, or slot with energy that ended longer ago than allowed and that no record covers which both have
 * signed; export that was left out between records only where it is more than two service periods. Undefined where there is none. By the home's own ledger, so it does not matter what the other side says, or
 * whether it says anything.
 */
export function overdueSince(parts: {
  agreement: Agreement;
  records: Pick<RecordStore, "newestOfEach" | "cosignedPeriods" | "lostBefore">;
  meters: Pick<MeterStore, "slots">;
  gridMeter: string;
  settledWithinMs: number;
  nowMs: number;
}): number | undefined {
  const { agreement, nowMs, settledWithinMs } = parts;
  if (!Number.isFinite(settledWithinMs)) return undefined;
  const pair = `${agreement.a}-${agreement.b}`;
  const newest = parts.records.newestOfEach(pair);
  const toMs = nowMs - settledWithinMs;
  const overdue = (["import", "export"] as const).flatMap((register) => {
    const covered = newest.find(({ evidence }) => evidence.register === register)?.record.end ?? agreement.from;
    const fromMs = Math.max(Date.parse(covered), toMs - lookBackMs);
    if (fromMs >= toMs) return [];
    const slots = parts.meters.slots(parts.gridMeter, register, fromMs, toMs);
    return slots.filter(({ startMs, endMs, wh }) => wh > 0 && startMs >= fromMs && endMs <= toMs).map(({ startMs }) => startMs);
  });
  const leftOut = exportLeftOut(pair, parts, toMs);
  const leftOutMs = leftOut.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  if (leftOutMs > mostLeftOut * agreement.periodS * 1000) overdue.push(...leftOut.map(({ startMs }) => startMs));
  const rewardMs = Date.parse(newest.find(({ evidence }) => evidence.register === "none")?.record.end ?? agreement.from);
  const slackMs = Math.max(settledWithinMs - dayMs, leastSlackMs);
  // A share of what flexibility earned may be nothing for days.
  const { reward } = agreement;
  if (reward.kind === "per_day" && BigInt(reward.amount) > 0n && rewardMs + longestDayMs + slackMs < nowMs)
    overdue.push(rewardMs);
  return overdue.length > 0 ? Math.min(...overdue) : undefined;
}

/**
 * Slots with export that no co-signed record covers although a later one does: who proposes only the hours in which little
 * was fed in pays for nothing else. Import that is left out costs the home nothing.
 */
function exportLeftOut(pair: string, parts: Parameters<typeof overdueSince>[0], toMs: number) {
  const { agreement, records } = parts;
  const fromMs = Math.max(Date.parse(agreement.from), toMs - lookBackMs);
  if (fromMs >= toMs) return [];
  const covered = records.cosignedPeriods(pair, "export", fromMs);
  const lostMs = records.lostBefore(pair).find(({ register }) => register === "export")?.endMs ?? -Infinity;
  const newestMs = Math.max(-Infinity, ...covered.map(({ endMs }) => endMs));
  return parts.meters
    .slots(parts.gridMeter, "export", fromMs, toMs)
    .filter(({ startMs, endMs, wh }) => wh > 0 && startMs >= Math.max(fromMs, lostMs) && endMs <= Math.min(toMs, newestMs))
    .filter(({ startMs, endMs }) => !covered.some((one) => one.startMs <= startMs && endMs <= one.endMs));
}
