import type { DemandReading } from "../../../core/reading.ts";
import { powerWAt } from "../decimal.ts";
import { nextValue, type P1Line } from "./p1-parser.ts";
import { p1TimeAt, type P1Zone } from "./p1-time.ts";

/** Meters keep 13 months; more groups than that are a damaged line. */
const mostMonths = 14;

/** The month's peak (OBIS 1.6.0): (time)(value*kW). @see e-MUCS P1 2.1.1 */
export function p1MonthPeak(bytes: Uint8Array, line: P1Line, zone: P1Zone): Pick<DemandReading, "monthPeakW" | "monthPeakAtMs"> {
  const monthPeakW = powerWAt(bytes, nextValue(bytes, line.start + 1, line.end));
  return monthPeakW === undefined ? {} : { monthPeakW, monthPeakAtMs: p1TimeAt(bytes, line.start + 1, zone) };
}

/**
 * Peaks of past months in the Belgian shape of 0-0:98.1.0: (n)(code)(code), then n times (month's end)(time)(value*kW).
 * The Hungarian shape (one time and 19 figures of a billing period) and the Swiss "(12)" hold no peaks: empty.
 */
export function p1MonthPeaks(bytes: Uint8Array, line: P1Line, zone: P1Zone): DemandReading["months"] {
  const months: DemandReading["months"] = [];
  let at = line.start + 1;
  for (let value = 0; value < 3; value++) at = nextValue(bytes, at, line.end);
  while (at < line.end && months.length < mostMonths) {
    const peakAt = nextValue(bytes, at, line.end);
    const valueAt = nextValue(bytes, peakAt, line.end);
    const peakW = valueAt < line.end ? powerWAt(bytes, valueAt) : undefined;
    const endMs = p1TimeAt(bytes, at, zone);
    if (peakW === undefined || endMs === null) return months;
    months.push({ endMs, peakW, peakAtMs: p1TimeAt(bytes, peakAt, zone) });
    at = nextValue(bytes, valueAt, line.end);
  }
  return months;
}
