import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import { iso } from "../../core/clock/clock.ts";
import { localTimeOf, nextLocalTime } from "../../core/slots.ts";
import type { Agreement } from "../../settlement/agreement.ts";
import type { SettledKind, StoredSlot } from "../store/aggregator-store.ts";

/** Where each kind of a home stands: the start of its next period, ms. */
export type Cursors = Record<SettledKind, number>;

/** One service period that is over. */
export interface NextPeriod {
  kind: SettledKind;
  startMs: number;
  endMs: number;
}

/**
 * The next service period of each kind that is over, the earliest first: energy in the agreement's periods,
 * and after each service day its reward. Kinds do not wait for each other: a meter without an export register
 * never has export slots. Pure.
 */
export function nextPeriods(agreement: Agreement, cursors: Cursors, nowMs: number): NextPeriod[] {
  const untilMs = Date.parse(agreement.until);
  const candidates: NextPeriod[] = (["import", "export"] as const).map((kind) => ({
    kind,
    startMs: cursors[kind],
    endMs: cursors[kind] + agreement.periodS * 1000,
  }));
  const dayEndMs = serviceDayEnd(agreement, cursors.reward);
  if (cursors.import >= dayEndMs) candidates.unshift({ kind: "reward", startMs: cursors.reward, endMs: dayEndMs });
  return candidates.filter(({ endMs }) => endMs <= nowMs && endMs <= untilMs).toSorted((one, other) => one.endMs - other.endMs);
}

/** A service day is the time until local clocks show the same again: 23, 24 or 25 hours. */
function serviceDayEnd({ timezone }: Agreement, startMs: number): number {
  return nextLocalTime(localTimeOf(startMs, timezone), timezone, startMs);
}

/**
 * Evidence of a period from a home's slots in order of time, or undefined while some of them are missing.
 * Of a slot that came twice (a home restored its database) the first counts; the home disputes what differs.
 */
export function evidenceOf(period: NextPeriod, slots: readonly StoredSlot[]): Evidence | undefined {
  if (period.kind === "reward") return { register: "none", slots: [] };
  const inside: StoredSlot[] = [];
  let reachedMs = period.startMs;
  for (const slot of slots) {
    if (slot.startMs !== reachedMs || slot.endMs > period.endMs) continue;
    inside.push(slot);
    reachedMs = slot.endMs;
  }
  if (reachedMs !== period.endMs) return undefined;
  return { register: period.kind, slots: inside.map(({ startMs, endMs, wh }) => ({ start: iso(startMs), end: iso(endMs), wh })) };
}

/** Service period as it stands in a record. */
export function serviceOf({ kind, startMs, endMs }: NextPeriod): Pick<RecordWire, "kind" | "start" | "end"> {
  return { kind, start: iso(startMs), end: iso(endMs) };
}
