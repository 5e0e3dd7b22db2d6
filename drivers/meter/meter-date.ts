const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Whether a meter can mean this day; numbers that are NaN it cannot.
 * The first smart meters are of 2007: earlier years, and those past 2069, are clocks that were never set.
 * @param month from 1
 */
export function isMeterDate(year: number, month: number, day: number): boolean {
  if (!(year >= 2007 && year <= 2069 && day >= 1 && day <= (daysOfMonth[month - 1] ?? 0))) return false;
  return month !== 2 || day !== 29 || year % 4 === 0;
}
