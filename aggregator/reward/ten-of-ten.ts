import { divideHalfEven } from "../../core/units.ts";
import { startOfLocalDay, type Slot } from "../../core/slots.ts";
import type { StoredSlot } from "../store/aggregator-store.ts";
import { isWeekend, previousLocalDay, sameTimeOn } from "./local-day.ts";

/** What the baseline of a whole house follows from. */
export interface TenOfTenBasis {
  /** Slots of the event, in order, without a gap, all of one length. */
  event: readonly Slot[];
  /** Import of the house in slots of the same length: the days before, and the event's day. */
  history: readonly StoredSlot[];
  /** When the house was under control, this event included, with what ran ahead on instruction such as pre-heating. */
  controlled: readonly Slot[];
  /** IANA zone whose days count. */
  timezone: string;
  /** Most that the day itself may move the baseline, per mille of its mean; null for no bound. */
  adjustmentCap: number | null;
}

/** Days that a baseline is the mean of. */
const days = { working: 10, weekend: 4 } as const;
/** How far back such days are looked for. */
const lookedBackDays = 60;
/** The day's own adjustment: the three hours that end one hour before the event. */
const window = { endsBeforeMs: 3_600_000, lengthMs: 3 * 3_600_000 } as const;

/**
 * What the house would have drawn: per slot the mean of the ten newest working days (four weekend days) without control, at
 * the same local times, plus by how much the house drew more or less than on those days in the three hours that end one hour
 * before the event. Of those hours what ran on instruction is left out, so that pre-heating moves nothing. Source: the rule
 * of the Demand Flexibility Service (BL01); the bound is that of the CAISO family. Public holidays count as the weekday
 * that they are. Pure.
 * @returns Wh per slot of the event, rounded half-even, at least 0; undefined where there are too few such days, for nothing
 * is invented then
 */
export function tenOfTen({ event, history, controlled, timezone, adjustmentCap }: TenOfTenBasis): number[] | undefined {
  const first = event[0];
  if (!first) return undefined;
  const whAt = new Map(history.map(({ startMs, endMs, wh }) => [`${startMs}-${endMs}`, wh]));
  const free = (slot: Slot): boolean => !controlled.some((span) => overlap(span, slot));
  const windowSlots = windowBefore(first).filter((slot) => free(slot) && whAt.has(keyOf(slot)));
  const sums = sumsOf([...event, ...windowSlots], { whAt, free, timezone });
  if (!sums) return undefined;
  const { count, whs } = sums;
  const [eventSums, windowSums] = [whs.slice(0, event.length), whs.slice(event.length)];
  // All over the denominator count x scale, so that nothing is rounded before the end.
  const scale = BigInt(Math.max(1, windowSlots.length));
  const n = BigInt(count);
  const actual = windowSlots.reduce((sum, slot) => sum + BigInt(whAt.get(keyOf(slot)) ?? 0), 0n);
  const moved = actual * n - windowSums.reduce((sum, wh) => sum + wh, 0n);
  const eventTotal = eventSums.reduce((sum, wh) => sum + wh, 0n);
  const most = adjustmentCap === null ? null : (eventTotal * scale * BigInt(adjustmentCap)) / (1000n * BigInt(event.length));
  const adjustment = most === null || (moved <= most && moved >= -most) ? moved : moved > 0n ? most : -most;
  return eventSums.map((sum) => {
    const wh = sum * scale + adjustment;
    return wh <= 0n ? 0 : Number(divideHalfEven(wh, n * scale));
  });
}

/** Slots of the event's length in the window before it, newest last. */
function windowBefore({ startMs, endMs }: Slot): Slot[] {
  const lengthMs = endMs - startMs;
  const slots: Slot[] = [];
  const untilMs = startMs - window.endsBeforeMs;
  for (let atMs = untilMs - lengthMs; atMs >= untilMs - window.lengthMs; atMs -= lengthMs)
    slots.unshift({ startMs: atMs, endMs: atMs + lengthMs });
  return slots;
}

/** Sums over the days that count, at the local times of the slots; undefined where there are too few days. */
function sumsOf(
  slots: readonly Slot[],
  { whAt, free, timezone }: { whAt: ReadonlyMap<string, number>; free: (slot: Slot) => boolean; timezone: string },
): { count: number; whs: bigint[] } | undefined {
  const eventDayMs = startOfLocalDay(slots[0]?.startMs ?? 0, timezone);
  const weekend = isWeekend(eventDayMs, timezone);
  const needed = weekend ? days.weekend : days.working;
  const whs = slots.map(() => 0n);
  let count = 0;
  let dayMs = eventDayMs;
  for (let back = 0; back < lookedBackDays && count < needed; back++) {
    const dayEndMs = dayMs;
    dayMs = previousLocalDay(dayMs, timezone);
    if (isWeekend(dayMs, timezone) !== weekend || !free({ startMs: dayMs, endMs: dayEndMs })) continue;
    const then = slots.map(({ startMs, endMs }) => {
      const thenMs = sameTimeOn(startMs, { ownMs: eventDayMs, otherMs: dayMs }, timezone);
      return { startMs: thenMs, endMs: thenMs + endMs - startMs };
    });
    const found = then.map((slot) => whAt.get(keyOf(slot)));
    if (found.some((wh) => wh === undefined) || !then.every(free)) continue;
    for (const [index, wh] of found.entries()) whs[index] = (whs[index] ?? 0n) + BigInt(wh ?? 0);
    count++;
  }
  return count === needed ? { count, whs } : undefined;
}

const overlap = (one: Slot, other: Slot): boolean => one.startMs < other.endMs && other.startMs < one.endMs;
const keyOf = ({ startMs, endMs }: Slot): string => `${startMs}-${endMs}`;
