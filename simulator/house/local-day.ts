import { Temporal } from "temporal-polyfill";

/** Where all simulated houses stand. */
export const houseZone = "Europe/Amsterdam";

const hourS = 3600;

/** A second of local time. */
export interface LocalTime {
  /** Days since 1970-01-01, local. */
  day: number;
  /** Seconds since local midnight by the wall clock, 0 to 86,399. */
  secondOfDay: number;
  /** 1 is Monday, 7 is Sunday. */
  weekday: number;
  /** Seconds that local time is ahead of UTC. */
  offsetS: number;
}

/**
 * Local time of an instant in seconds since 1970. The offset is looked up once an hour: daylight saving changes on
 * full UTC hours in Europe.
 */
export function localDays(): (atS: number) => LocalTime {
  let knownHour = NaN;
  let offsetS = 0;
  return (atS) => {
    const hour = Math.floor(atS / hourS);
    if (hour !== knownHour) {
      knownHour = hour;
      offsetS = Temporal.Instant.fromEpochMilliseconds(hour * hourS * 1000).toZonedDateTimeISO(houseZone).offsetNanoseconds / 1e9;
    }
    const localS = atS + offsetS;
    const day = Math.floor(localS / 86_400);
    return { day, secondOfDay: localS - day * 86_400, weekday: ((day + 3) % 7) + 1, offsetS };
  };
}

/** Seconds since midnight of a time such as "06:30". */
export function secondOfDay(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * hourS + minutes * 60;
}
