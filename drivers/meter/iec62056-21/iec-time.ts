import type { MeterZone } from "../meter-zone.ts";
import { cosemTimeAt } from "../han/cosem-time.ts";

/** Zones of meters by their winter time; TRT is Turkey, which has the same time all year. */
export type IecZone = MeterZone | "TRT";

const calendar = { summer: "calendar", zeroIsUnknown: false } as const;
const season = { summer: "status", zeroIsUnknown: false } as const;
/** UTC less local time in minutes, as a meter of that kind would send it. */
const unknownDeviation = -0x8000;
const turkishDeviation = -180;
const summerTime = 0x80;

/**
 * Instant of a date (0.9.2) and a time (0.9.1) as meters write them, in ms since 1970 UTC: 26-01-14, 260114, 2026-01-14;
 * 12:34:56, 123456. A digit before six others is the season (VDEW: 0 winter, 1 summer, 2 UTC); without it the calendar
 * tells. Null for what is no date, for a clock that was never set, and for the hour that comes twice in October.
 */
export function iecTime(date: string, time: string, zone: IecZone): number | null {
  const day = /^(?:20(?=\d\d-?\d\d-?\d\d$)|([012]))?(\d\d)-?(\d\d)-?(\d\d)$/.exec(date.trim());
  const clock = /^([012])?(\d\d):?(\d\d)(?::?(\d\d))?$/.exec(time.trim());
  if (!day || !clock) return null;
  const [year, month, dayOfMonth] = day.slice(2).map(Number) as [number, number, number];
  const [hour, minute, second] = clock.slice(2).map((part) => Number(part ?? 0)) as [number, number, number];
  const mark = clock[1] ?? day[1];
  const deviation = mark === "2" ? 0 : zone === "TRT" ? turkishDeviation : unknownDeviation;
  const cosem = Buffer.from([0, 0, month, dayOfMonth, 0xff, hour, minute, second, 0xff, 0, 0, mark === "1" ? summerTime : 0]);
  cosem.writeUInt16BE(2000 + year, 0);
  cosem.writeInt16BE(deviation, 9);
  return cosemTimeAt(cosem, 0, zone === "TRT" ? "EET" : zone, mark === undefined ? calendar : season);
}
