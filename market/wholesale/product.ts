import { nextLocalTime, slotsOfLocalDay, startOfLocalDay } from "../../core/slots.ts";

/** Length of a product. */
export const productMinutes = 15;
const productMs = productMinutes * 60_000;

/** When orders of a delivery day or product close, by the rules of one exchange. */
export interface GateRules {
  /** IANA zone of the exchange's day, such as Europe/Brussels. */
  zone: string;
  /** Local time on the day before delivery, such as "12:00". */
  dayAheadGate: string;
  /** Intraday: so long before delivery begins. */
  intradayLeadMs: number;
}

/** The products of one delivery day by the local calendar: 92, 96 or 100 starts of a quarter of an hour, ms. */
export function productsOfDay(date: string, { zone }: GateRules): number[] {
  return slotsOfLocalDay(date, zone, productMinutes).map(({ startMs }) => startMs);
}

/** Until when day-ahead orders for the day of a product are taken, ms; not at that instant any more. */
export function dayAheadGate(startMs: number, { zone, dayAheadGate: time }: GateRules): number {
  const dayMs = startOfLocalDay(startMs, zone);
  const dayBeforeMs = startOfLocalDay(dayMs - 1, zone);
  return nextLocalTime(time, zone, dayBeforeMs - 1);
}

/** Until when intraday orders for a product are taken, ms. */
export function intradayGate(startMs: number, { intradayLeadMs }: GateRules): number {
  return startMs - intradayLeadMs;
}

/** Whether an instant is the start of a product. */
export const isProduct = (startMs: number): boolean => Number.isInteger(startMs / productMs);
