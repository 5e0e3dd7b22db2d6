import type { DemandReading } from "../../../core/reading.ts";
import { powerWAt, type Decimal } from "../decimal.ts";
import { nextValue } from "./p1-scan.ts";
import type { MeterZone } from "../meter-zone.ts";
import { p1TimeAt } from "./p1-time.ts";

/** Meters keep 13 months; more groups than that are a damaged line. */
const mostMonths = 14;

/** No connection of a home has more; a damaged line may read "230201000000W", a time, as a power. */
const mostW = 1_000_000;

/** Demand in W; undefined where there is none that can be. */
export function demandWAt(bytes: Uint8Array, start: number, scratch: Decimal): number | undefined {
  const demandW = powerWAt(bytes, start, scratch);
  return demandW !== undefined && demandW <= mostW ? demandW : undefined;
}

/** The month's peak (OBIS 1.6.0): (time)(value*kW). @see e-MUCS P1 2.1.1 */
export function p1MonthPeak(
  bytes: Uint8Array,
  start: number,
  end: number,
  { zone, scratch }: { zone: MeterZone; scratch: Decimal },
): Pick<DemandReading, "monthPeakW" | "monthPeakAtMs"> {
  const monthPeakW = demandWAt(bytes, nextValue(bytes, start + 1, end), scratch);
  return monthPeakW === undefined ? {} : { monthPeakW, monthPeakAtMs: p1TimeAt(bytes, start + 1, zone) };
}

/**
 * Peaks of past months in the Belgian shape of 0-0:98.1.0: (n)(code)(code), then n times (month's end)(time)(value*kW).
 * The Hungarian shape (one time and 19 figures of a billing period) and the Swiss "(12)" hold no peaks: empty.
 */
export function p1MonthPeaks(
  bytes: Uint8Array,
  start: number,
  end: number,
  { zone, scratch }: { zone: MeterZone; scratch: Decimal },
): DemandReading["months"] {
  const months: DemandReading["months"] = [];
  let at = start + 1;
  for (let value = 0; value < 3; value++) at = nextValue(bytes, at, end);
  while (at < end && months.length < mostMonths) {
    const peakAt = nextValue(bytes, at, end);
    const valueAt = nextValue(bytes, peakAt, end);
    const peakW = valueAt < end ? demandWAt(bytes, valueAt, scratch) : undefined;
    const endMs = p1TimeAt(bytes, at, zone);
    // One month that cannot be read costs itself alone.
    if (peakW !== undefined && endMs !== null) months.push({ endMs, peakW, peakAtMs: p1TimeAt(bytes, peakAt, zone) });
    at = nextValue(bytes, valueAt, end);
  }
  return months;
}
