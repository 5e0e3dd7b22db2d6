import { startOfLocalDay } from "../core/slots.ts";

const dayMs = 24 * 3_600_000;

/**
 * What is kept of the last days. One day is read at each call until all are there: reading all of them at once would hold up
 * what controls. Today is never among them.
 * @param dayOf reads the local day [fromMs, toMs)
 */
export function recentDays<Item>(
  days: number,
  zone: string,
  dayOf: (fromMs: number, toMs: number) => readonly Item[],
): (nowMs: number) => readonly Item[] {
  const known = new Map<number, readonly Item[]>();
  return (nowMs) => {
    const today = startOfLocalDay(nowMs, zone);
    const wanted = Array.from({ length: days }, (_, back) => startOfLocalDay(today - back * dayMs - dayMs / 2, zone));
    for (const day of known.keys()) if (!wanted.includes(day)) known.delete(day);
    const missing = wanted.find((day) => !known.has(day));
    if (missing !== undefined) known.set(missing, dayOf(missing, startOfLocalDay(missing + 1.5 * dayMs, zone)));
    return [...known.values()].flat();
  };
}
