import type { Db } from "./open-database.ts";

const minuteMs = 60_000;
const quarterMs = 15 * minuteMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** The least instant that there is. */
const fromTheFirstMs = -8.64e15;

/** How long single readings are kept as they came, one a minute, and one a quarter of an hour. Slot totals are never dropped. */
export interface KeepRules {
  rawMs: number;
  minuteMs: number;
  quarterMs: number;
}

/** Keeps the table of single readings small. */
export interface Retention {
  /** Takes up to so many hours of readings further down the steps; gives how many rows went. */
  tidy(nowMs: number, mostHours: number): number;
  /**
   * For a disk that is full: thins the oldest first and deeper than the rules say, a step at a time, and drops readings
   * only when thinning gives nothing more. Gives how many rows went; 0 when there is nothing left to give.
   */
  squeeze(nowMs: number): number;
}

/** What a full disk costs, in this order: age of the readings that are touched, and the distance of those that stay. */
const squeezes: readonly { olderMs: number; bucketMs: number }[] = [
  { olderMs: dayMs, bucketMs: minuteMs },
  { olderMs: dayMs, bucketMs: quarterMs },
  { olderMs: hourMs, bucketMs: minuteMs },
  { olderMs: hourMs, bucketMs: quarterMs },
];

/** An hour of readings of a meter at a time: a small transaction, so that it fits where there is hardly any room. */
export function retention(db: Db, rules: KeepRules): Retention {
  const meters = db.prepare<[], { meter: string }>("select meter from ledger");
  const oldest = db.prepare<[string, number], { at: number | null }>(
    "select min(at_ms) as at from sample where meter = ? and at_ms >= ?",
  );
  const mark = db.prepare<[string, number], { until_ms: number }>(
    "select until_ms from thinned where meter = ? and bucket_ms = ?",
  );
  const setMark = db.prepare(
    "insert into thinned values (?, ?, ?) on conflict (meter, bucket_ms) do update set until_ms = excluded.until_ms",
  );
  // The first reading of each bucket stays.
  const thin = db.prepare(
    `delete from sample where meter = ? and at_ms >= ? and at_ms < ? and exists (
       select 1 from sample kept where kept.meter = sample.meter
       and kept.at_ms >= sample.at_ms - sample.at_ms % ? and kept.at_ms < sample.at_ms)`,
  );
  const drop = db.prepare("delete from sample where meter = ? and at_ms >= ? and at_ms < ?");

  const thinHour = db.transaction((meter: string, bucketMs: number, fromMs: number, toMs: number): number => {
    const { changes } = thin.run(meter, fromMs, toMs, bucketMs);
    setMark.run(meter, bucketMs, toMs);
    return changes;
  });
  /** The oldest hour before an instant that holds readings from a meter's mark on, of all meters together. */
  const oldestHour = (markOf: (meter: string) => number, beforeMs: number) => {
    const [first] = meters
      .all()
      .map(({ meter }) => ({ meter, atMs: oldest.get(meter, markOf(meter))?.at ?? Infinity }))
      .toSorted((one, other) => one.atMs - other.atMs);
    if (first === undefined || first.atMs >= beforeMs) return undefined;
    const hourStartMs = first.atMs - (first.atMs % hourMs);
    return { ...first, hourStartMs, endMs: Math.min(hourStartMs + hourMs, beforeMs) };
  };
  /** Hours from where it left off up to an instant. */
  const thinUntil = (bucketMs: number, beforeMs: number, nowMs: number, mostHours: number, enough: number): number => {
    // A mark of the future was made by a clock that was wrong: nothing would ever be thinned up to it.
    const markOf = (meter: string): number => {
      const untilMs = mark.get(meter, bucketMs)?.until_ms ?? fromTheFirstMs;
      return untilMs > nowMs ? fromTheFirstMs : untilMs;
    };
    const wholeMs = beforeMs - (beforeMs % hourMs);
    let rows = 0;
    for (let hours = 0; hours < mostHours && rows < enough; hours++) {
      const hour = oldestHour(markOf, wholeMs);
      if (!hour) break;
      rows += thinHour(hour.meter, bucketMs, hour.hourStartMs, hour.endMs);
    }
    return rows;
  };
  const dropUntil = (beforeMs: number, mostHours: number): number => {
    let rows = 0;
    for (let hours = 0; hours < mostHours; hours++) {
      const hour = oldestHour(() => fromTheFirstMs, beforeMs);
      if (!hour) break;
      rows += drop.run(hour.meter, hour.atMs, hour.endMs).changes;
    }
    return rows;
  };
  return {
    tidy: (nowMs, mostHours) =>
      thinUntil(minuteMs, nowMs - rules.rawMs, nowMs, mostHours, Infinity) +
      thinUntil(quarterMs, nowMs - rules.minuteMs, nowMs, mostHours, Infinity) +
      dropUntil(nowMs - rules.quarterMs, mostHours),
    squeeze(nowMs) {
      for (const { olderMs, bucketMs } of squeezes) {
        const rows = thinUntil(bucketMs, nowMs - olderMs, nowMs, Infinity, 1000);
        if (rows > 0) return rows;
      }
      return dropUntil(nowMs, 24);
    },
  };
}
