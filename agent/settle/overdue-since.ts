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

/**
 * Start, in ms, of the oldest service day without its reward, or slot with energy that ended longer ago than allowed and that no record covers which both have
 * signed; undefined where there is none. By the home's own ledger, so it does not matter what the other side says, or
 * whether it says anything.
 */
export function overdueSince(parts: {
  agreement: Agreement;
  records: Pick<RecordStore, "newestOfEach">;
  meters: Pick<MeterStore, "slots">;
  gridMeter: string;
  settledWithinMs: number;
  nowMs: number;
}): number | undefined {
  const { agreement, nowMs, settledWithinMs } = parts;
  if (!Number.isFinite(settledWithinMs)) return undefined;
  const newest = parts.records.newestOfEach(`${agreement.a}-${agreement.b}`);
  const toMs = nowMs - settledWithinMs;
  const overdue = (["import", "export"] as const).flatMap((register) => {
    const covered = newest.find(({ evidence }) => evidence.register === register)?.record.end ?? agreement.from;
    const fromMs = Math.max(Date.parse(covered), toMs - lookBackMs);
    if (fromMs >= toMs) return [];
    const slots = parts.meters.slots(parts.gridMeter, register, fromMs, toMs);
    return slots.filter(({ startMs, endMs, wh }) => wh > 0 && startMs >= fromMs && endMs <= toMs).map(({ startMs }) => startMs);
  });
  const rewardMs = Date.parse(newest.find(({ evidence }) => evidence.register === "none")?.record.end ?? agreement.from);
  const slackMs = Math.max(settledWithinMs - dayMs, leastSlackMs);
  // A share of what flexibility earned may be nothing for days.
  const { reward } = agreement;
  if (reward.kind === "per_day" && BigInt(reward.amount) > 0n && rewardMs + longestDayMs + slackMs < nowMs)
    overdue.push(rewardMs);
  return overdue.length > 0 ? Math.min(...overdue) : undefined;
}
