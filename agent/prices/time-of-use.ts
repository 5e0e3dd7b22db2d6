import { Temporal } from "temporal-polyfill";

/** Days of the week as they are written, Monday first. */
export const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** A price that holds at some local hours, days and months. */
export interface TimedPrice {
  microPerKwh: bigint;
  /** Minutes since local midnight; where `from` is not before `to` it goes on over midnight. */
  fromMinute: number;
  toMinute: number;
  /** 1 is Monday. */
  days: ReadonlySet<number>;
  months: ReadonlySet<number>;
}

/** What local clocks and calendars show at an instant. */
export interface LocalMoment {
  /** ISO date. */
  date: string;
  minute: number;
  /** 1 is Monday. */
  weekday: number;
  month: number;
}

const dayMs = 24 * 3_600_000;

/**
 * Instants as they are seen in a zone, many of them: the library is asked for the offset once a UTC day, and each time only
 * on a day in which it changes.
 * @param zone IANA zone
 */
export function localMoments(zone: string): (atMs: number) => LocalMoment {
  const offsetMs = (atMs: number): number =>
    Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).offsetNanoseconds / 1_000_000;
  /** Offset of the UTC days; null where it changes. */
  const offsets = new Map<number, number | null>();
  const dayOffset = (day: number): number | null => {
    const kept = offsets.get(day);
    if (kept !== undefined) return kept;
    const [first, last] = [offsetMs(day * dayMs), offsetMs((day + 1) * dayMs)];
    const offset = first === last ? first : null;
    offsets.set(day, offset);
    return offset;
  };
  return (atMs) => {
    const local = new Date(atMs + (dayOffset(Math.floor(atMs / dayMs)) ?? offsetMs(atMs)));
    return {
      date: local.toISOString().slice(0, 10),
      minute: local.getUTCHours() * 60 + local.getUTCMinutes(),
      weekday: local.getUTCDay() || 7,
      month: local.getUTCMonth() + 1,
    };
  };
}

/** One instant as it is seen in a zone. @param zone IANA zone */
export function localMoment(atMs: number, zone: string): LocalMoment {
  return localMoments(zone)(atMs);
}

/** The first of the prices that holds at a moment, or undefined. */
export function timedPrice(prices: readonly TimedPrice[], { minute, weekday, month }: LocalMoment): bigint | undefined {
  return prices.find(({ fromMinute, toMinute, days, months }) => {
    const isInHours =
      fromMinute < toMinute ? minute >= fromMinute && minute < toMinute : minute >= fromMinute || minute < toMinute;
    return isInHours && days.has(weekday) && months.has(month);
  })?.microPerKwh;
}
