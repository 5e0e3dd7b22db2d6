import { Temporal } from "temporal-polyfill";
import { AppError } from "./app-error.ts";
import { iso } from "./clock/clock.ts";

/** Slot lengths in minutes that divide an hour, from 5 to 60. */
export const slotMinutes = [5, 6, 10, 12, 15, 20, 30, 60] as const;

const minuteMs = 60_000;

/** Half-open span of UTC instants in ms: start <= t < end. */
export interface Slot {
  startMs: number;
  endMs: number;
}

function checkMinutes(minutes: number): void {
  if (!slotMinutes.some((allowed) => allowed === minutes))
    throw new AppError("slot-bad-length", `a slot of ${minutes} min is not one of ${slotMinutes.join(", ")}`);
}

/** The slot that holds an instant. Slots are aligned to UTC hours, as markets and meters do. @throws AppError slot-bad-length */
export function slotAt(instantMs: number, minutes: number): Slot {
  checkMinutes(minutes);
  const lengthMs = minutes * minuteMs;
  const startMs = Math.floor(instantMs / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}

/** Whether local times can be told in a zone such as "Europe/Amsterdam". */
export function isTimeZone(zone: string): boolean {
  try {
    return localDateOf(0, zone) !== "";
  } catch {
    return false;
  }
}

/** All slots from the one that holds `fromMs` until the first that starts at or after `toMs`. */
export function slotsBetween(fromMs: number, toMs: number, minutes: number): Slot[] {
  const slots: Slot[] = [];
  for (let slot = slotAt(fromMs, minutes); slot.startMs < toMs; slot = slotAt(slot.endMs, minutes)) slots.push(slot);
  return slots;
}

/**
 * The slots of one local calendar day: 92, 96 or 100 quarters, as daylight saving has it.
 * @param date ISO date such as "2026-10-25"
 * @param zone IANA zone such as "Europe/Amsterdam"
 */
export function slotsOfLocalDay(date: string, zone: string, minutes: number): Slot[] {
  const day = Temporal.PlainDate.from(date);
  const startMs = day.toZonedDateTime(zone).epochMilliseconds;
  const endMs = day.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds;
  return slotsBetween(startMs, endMs, minutes);
}

/** Midnight at the start of a local calendar day ("2026-10-25"), ms; undefined where there is no such day. */
export function localDayStart(date: string, zone: string): number | undefined {
  try {
    return Temporal.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds;
  } catch {
    return undefined;
  }
}

/** Midnight at the start of the local calendar day that an instant lies in, ms. */
export function startOfLocalDay(atMs: number, zone: string): number {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).startOfDay().epochMilliseconds;
}

/**
 * The first instant after `afterMs` at which local clocks show `time` ("07:30").
 * A time that the spring change skips is taken an hour later; of a doubled hour the first is taken.
 * @throws AppError slot-no-local-time
 */
export function nextLocalTime(time: string, zone: string, afterMs: number): number {
  const wanted = Temporal.PlainTime.from(time);
  const here = Temporal.Instant.fromEpochMilliseconds(afterMs).toZonedDateTimeISO(zone);
  for (const days of [0, 1, 2]) {
    const at = here.toPlainDate().add({ days }).toZonedDateTime({ timeZone: zone, plainTime: wanted }).epochMilliseconds;
    if (at > afterMs) return at;
  }
  throw new AppError("slot-no-local-time", `no instant after ${iso(afterMs)} shows ${time} in ${zone}`);
}

/** What local clocks show at an instant, such as "07:30"; seconds are dropped. */
export function localTimeOf(atMs: number, zone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).toPlainTime().toString({ smallestUnit: "minute" });
}

/** The last instant at or before `atMs` at which local clocks showed `time`. @throws AppError slot-no-local-time */
export function lastLocalTime(time: string, zone: string, atMs: number): number {
  const wanted = Temporal.PlainTime.from(time);
  const here = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone);
  for (const days of [0, 1, 2]) {
    const at = here.toPlainDate().subtract({ days }).toZonedDateTime({ timeZone: zone, plainTime: wanted }).epochMilliseconds;
    if (at <= atMs) return at;
  }
  throw new AppError("slot-no-local-time", `no instant before ${iso(atMs)} shows ${time} in ${zone}`);
}

/** The local calendar day that an instant lies in, such as "2026-10-25". */
export function localDateOf(atMs: number, zone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).toPlainDate().toString();
}
