import type { SlotBounds } from "../store/thin-rows.ts";

const dayMs = 24 * 3_600_000;
/** What the baseline of a whole house looks back, and the longest time that an event begins before its service day. */
const baselineMs = 62 * dayMs;
/** Forecasts look back so far for what appliances had been told. */
const forecastMs = 16 * dayMs;
/** How fairly limits were shared out is looked back for so long. */
const limitsMs = 30 * dayMs;

/** How long each kind is kept, ms; what is left out is kept for good. */
export interface KeepSpans {
  /** Single readings and switchings. */
  readingsMs?: number;
  slotsMs?: number;
  plansMs?: number;
  /** Events and the prices that were frozen for them. */
  eventsMs?: number;
  /** Operators' words that have ended, shortfalls of feeders and what they cost homes. */
  limitsMs?: number;
  auditMs?: number;
  /** For so long rewards that are not reckoned hold what they may need, of all homes; for good where it is left out. */
  unreckonedMs?: number;
}

/** What is not settled yet, as instants from which on everything is needed, ms; Infinity where nothing is. */
export interface Unsettled {
  /** Records that a home has not signed, and disputes. */
  openMs: number;
  /** Slots of the grid meter that no record settles. */
  importMs: number;
  exportMs: number;
  /** Service days of any home whose rewards are not reckoned: those of all homes are reckoned together. */
  rewardsMs: number;
}

/** Before which instants rows of one home go, ms; -Infinity: none. */
export interface SiteBounds extends SlotBounds {
  readingsBeforeMs: number;
  plansBeforeMs: number;
  eventsBeforeMs: number;
}

/**
 * From when on rewards need what all homes sent, and whose are not reckoned for so long that they hold it no more: what is older than
 * that goes, and their days earn them nothing. Pure.
 * @param reachedMs up to when the rewards of each flexible home are reckoned
 */
export function unreckonedSince(
  spans: KeepSpans,
  reachedMs: ReadonlyMap<string, number>,
  nowMs: number,
): { rewardsMs: number; givenUp: string[] } {
  const leastMs = nowMs - (spans.unreckonedMs ?? Infinity);
  return {
    rewardsMs: Math.max(leastMs, Math.min(Infinity, ...reachedMs.values())),
    givenUp: [...reachedMs].flatMap(([site, ms]) => (ms < leastMs ? [site] : [])),
  };
}

/** Whatever has its age and is needed by nobody. Pure. */
export function siteBounds(spans: KeepSpans, unsettled: Unsettled, nowMs: number): SiteBounds {
  const { openMs, importMs, exportMs, rewardsMs } = unsettled;
  const before = (spanMs: number | undefined, leastMs: number, ...needed: readonly number[]): number =>
    spanMs === undefined ? -Infinity : Math.min(nowMs - Math.max(spanMs, leastMs), ...needed);
  // The baseline of a day that is not reckoned follows from the days before it.
  const baselineFromMs = rewardsMs - baselineMs;
  return {
    readingsBeforeMs: before(spans.readingsMs, 0, openMs, importMs, exportMs),
    importBeforeMs: before(spans.slotsMs, baselineMs, openMs, importMs, baselineFromMs),
    exportBeforeMs: before(spans.slotsMs, baselineMs, openMs, exportMs, baselineFromMs),
    othersBeforeMs: before(spans.slotsMs, baselineMs, openMs, baselineFromMs),
    plansBeforeMs: before(spans.plansMs, forecastMs, openMs, rewardsMs - forecastMs),
    eventsBeforeMs: before(spans.eventsMs, baselineMs, openMs, baselineFromMs),
  };
}

/** The same of what is no home's alone. Pure. */
export function commonBounds(
  spans: KeepSpans,
  rewardsMs: number,
  nowMs: number,
): { pricesBeforeMs: number; limitsBeforeMs: number; auditBeforeMs: number } {
  const old = (spanMs: number | undefined, leastMs: number): number =>
    spanMs === undefined ? -Infinity : nowMs - Math.max(spanMs, leastMs);
  return {
    pricesBeforeMs: Math.min(old(spans.eventsMs, baselineMs), rewardsMs - baselineMs),
    limitsBeforeMs: old(spans.limitsMs, limitsMs),
    auditBeforeMs: old(spans.auditMs, 0),
  };
}
