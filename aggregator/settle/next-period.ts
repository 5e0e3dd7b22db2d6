import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import { iso } from "../../core/clock/clock.ts";
import { localTimeOf, nextLocalTime } from "../../core/slots.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
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
 * The next service period of each kind that is over, the earliest first: energy in the agreement's periods, which end with
 * each service day and with the agreement at the latest, and after each service day its reward. Kinds do not wait for each
 * other: a meter without an export register never has export slots. Pure.
 */
export function nextPeriods(agreement: Agreement, cursors: Cursors, nowMs: number): NextPeriod[] {
  const untilMs = Date.parse(agreement.until);
  const candidates: NextPeriod[] = (["import", "export"] as const).map((kind) => ({
    kind,
    startMs: cursors[kind],
    endMs: periodEnd(agreement, cursors[kind]),
  }));
  const dayEndMs = serviceDayEnd(agreement, cursors.reward);
  if (cursors.import >= dayEndMs) candidates.unshift({ kind: "reward", startMs: cursors.reward, endMs: dayEndMs });
  return candidates
    .filter(({ startMs, endMs }) => startMs < endMs && endMs <= nowMs && endMs <= untilMs)
    .toSorted((one, other) => one.endMs - other.endMs);
}

/** A day of 25 hours has a rest, where the period is a day; so has an agreement that ends within a period. */
function periodEnd(agreement: Agreement, startMs: number): number {
  const { from, until, timezone, periodS } = agreement;
  const dayEndMs = nextLocalTime(localTimeOf(Date.parse(from), timezone), timezone, startMs);
  return Math.min(startMs + periodS * 1000, dayEndMs, Date.parse(until));
}

/** A service day is the time until local clocks show the same again: 23, 24 or 25 hours. */
function serviceDayEnd({ timezone }: Agreement, startMs: number): number {
  return nextLocalTime(localTimeOf(startMs, timezone), timezone, startMs);
}

/**
 * Evidence of a period from a home's slots in order of time, or undefined while some of them are missing.
 * Of a slot that came twice (a home restored its database) the first counts, and the home disputes what differs; or the last,
 * where a person has decided so.
 */
export function evidenceOf(
  period: NextPeriod,
  slots: readonly StoredSlot[],
  counts: "first" | "last" = "first",
): Evidence | undefined {
  if (period.kind === "reward") return { register: "none", slots: [] };
  const inside: StoredSlot[] = [];
  let reachedMs = period.startMs;
  const inTurn = counts === "first" ? slots : slots.toReversed().toSorted((one, other) => one.startMs - other.startMs);
  for (const slot of inTurn) {
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
