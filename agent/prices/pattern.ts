import { quarterMs, quartersOf, type PriceStep } from "./market-prices.ts";
import { localMoments, type LocalMoment } from "./time-of-use.ts";

/** A price, and whether it was published or taken from a day before. */
export interface KnownStep extends PriceStep {
  kind: "published" | "pattern";
}

type Price = Pick<PriceStep, "microPerKwh" | "taxedMicroPerKwh">;

/**
 * Published prices with their gaps filled: by the price at the same local time of the newest known day of the like kind
 * (Monday to Friday, or weekend), else of the newest day that has one. What no day has stays a gap. Pure.
 * @param published in order; those of [from, to) and those of days before as far as they are known
 * @param zone IANA zone of the house
 */
export function withPattern(
  published: readonly PriceStep[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
  zone: string,
): KnownStep[] {
  const known = new Map<number, PriceStep>();
  for (const step of published) for (const at of quartersOf(step.startMs, step.endMs)) known.set(at, step);
  const startMs = Math.floor(fromMs / quarterMs) * quarterMs;
  const missing = quartersOf(startMs, toMs).filter((at) => !known.has(at));
  const inside = published
    .filter((step) => step.endMs > startMs && step.startMs < toMs)
    .map((step): KnownStep => ({ ...step, kind: "published" }));
  if (missing.length === 0) return inside;
  const momentOf = localMoments(zone);
  const days = daysOf(known, momentOf);
  const filled = missing.flatMap((at): KnownStep[] => {
    const price = likeliest(days, momentOf(at));
    return price ? [{ startMs: at, endMs: at + quarterMs, ...price, kind: "pattern" }] : [];
  });
  return [...inside, ...filled].toSorted((one, other) => one.startMs - other.startMs);
}

interface Day {
  isWeekend: boolean;
  /** By minutes since local midnight; of a doubled hour the first counts. */
  byMinute: Map<number, Price>;
}

/** Known local days, newest first. */
function daysOf(known: ReadonlyMap<number, Price>, momentOf: (atMs: number) => LocalMoment): Day[] {
  const days = new Map<string, Day>();
  for (const [at, { microPerKwh, taxedMicroPerKwh }] of [...known].toSorted(([one], [other]) => one - other)) {
    const { date, minute, weekday } = momentOf(at);
    const day = days.get(date) ?? { isWeekend: weekday > 5, byMinute: new Map<number, Price>() };
    if (!day.byMinute.has(minute)) day.byMinute.set(minute, { microPerKwh, taxedMicroPerKwh });
    days.set(date, day);
  }
  return [...days.values()].toReversed();
}

function likeliest(days: readonly Day[], { minute, weekday }: LocalMoment): Price | undefined {
  const isWeekend = weekday > 5;
  const day =
    days.find((one) => one.isWeekend === isWeekend && one.byMinute.has(minute)) ?? days.find((one) => one.byMinute.has(minute));
  return day?.byMinute.get(minute);
}
