import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import { iso } from "../../core/clock/clock.ts";
import { localTimeOf, nextLocalTime } from "../../core/slots.ts";
import type { Agreement } from "../../settlement/agreement.ts";
import type { StoredSlot } from "../store/aggregator-store.ts";

/** Kinds of records that this aggregator proposes. */
export type SettledKind = "import" | "export" | "reward";

/** Where each kind of a home stands: the start of its next period, ms. */
export type Cursors = Record<SettledKind, number>;

/** What can be settled next. `empty` periods need no record, only a step of the cursor. */
export interface NextPeriod {
  kind: SettledKind;
  startMs: number;
  endMs: number;
}

/**
 * The next service period of a pair, or undefined while none is over: energy in the agreement's periods,
 * the earliest first, and after each service day its reward. Pure.
 */
export function nextPeriod(agreement: Agreement, cursors: Cursors, nowMs: number): NextPeriod | undefined {
  const untilMs = Date.parse(agreement.until);
  const candidates: NextPeriod[] = (["import", "export"] as const).map((kind) => ({
    kind,
    startMs: cursors[kind],
    endMs: cursors[kind] + agreement.periodS * 1000,
  }));
  const dayEndMs = serviceDayEnd(agreement, cursors.reward);
  if (cursors.import >= dayEndMs) candidates.unshift({ kind: "reward", startMs: cursors.reward, endMs: dayEndMs });
  return candidates
    .filter(({ endMs }) => endMs <= nowMs && endMs <= untilMs)
    .toSorted((one, other) => one.endMs - other.endMs)
    .at(0);
}

/** A service day is the time until local clocks show the same again: 23, 24 or 25 hours. */
function serviceDayEnd({ timezone }: Agreement, startMs: number): number {
  return nextLocalTime(localTimeOf(startMs, timezone), timezone, startMs);
}

/** Evidence of a period from a home's slots, or undefined while some of them are missing. */
export function evidenceOf(period: NextPeriod, slots: readonly StoredSlot[]): Evidence | undefined {
  if (period.kind === "reward") return { register: "none", slots: [] };
  const inside = slots.filter(({ startMs, endMs }) => startMs >= period.startMs && endMs <= period.endMs);
  const coveredMs = inside.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  if (coveredMs !== period.endMs - period.startMs) return undefined;
  return { register: period.kind, slots: inside.map(({ startMs, endMs, wh }) => ({ start: iso(startMs), end: iso(endMs), wh })) };
}

/** Service period as it stands in a record. */
export function serviceOf({ kind, startMs, endMs }: NextPeriod): Pick<RecordWire, "kind" | "start" | "end"> {
  return { kind, start: iso(startMs), end: iso(endMs) };
}
