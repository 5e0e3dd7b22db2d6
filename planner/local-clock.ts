import { Temporal } from "temporal-polyfill";

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** What local clocks and calendars show at an instant. */
export interface LocalTime {
  /** Minutes since the clock showed 00:00. */
  minute: number;
  /** Saturday or Sunday. */
  weekend: boolean;
}

/**
 * Local times of thousands of instants: a zone's offset is looked up once a day, and again only on days that change it.
 * @param zone IANA zone such as "Europe/Amsterdam"
 */
export function localClock(zone: string): (atMs: number) => LocalTime {
  const offsetAt = (atMs: number): number =>
    Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).offsetNanoseconds / 1e6;
  /** Offset of each UTC day; null where it changes within it. */
  const offsets = new Map<number, number | null>();
  const offsetMs = (atMs: number): number => {
    const day = Math.floor(atMs / dayMs);
    let offset = offsets.get(day);
    if (offset === undefined) {
      const first = offsetAt(day * dayMs);
      offset = first === offsetAt((day + 1) * dayMs) ? first : null;
      offsets.set(day, offset);
    }
    return offset ?? offsetAt(atMs);
  };
  return (atMs) => {
    const localMs = atMs + offsetMs(atMs);
    const day = Math.floor(localMs / dayMs);
    // 1 January 1970 was a Thursday.
    const weekday = (((day + 4) % 7) + 7) % 7;
    return { minute: Math.floor((localMs - day * dayMs) / minuteMs), weekend: weekday === 0 || weekday === 6 };
  };
}
