import type { PastSlot } from "./base-load.ts";

/** A history in slots of one length. */
export interface EvenSlots {
  lengthMs: number;
  slots: readonly PastSlot[];
}

const minuteMs = 60_000;
const usualMs = 15 * minuteMs;
/** What 5 and 6 minutes have in common is too short to reckon a month with. */
const shortestMs = 5 * minuteMs;

/**
 * Slots of several lengths, as after a change of the configuration, cut into the longest ones that fit into all of them, of five
 * minutes or more; energy is spread evenly. A quarter of an hour where there are none. Pure.
 */
export function evenSlots(history: readonly PastSlot[]): EvenSlots {
  const lengths = new Set(history.map(({ startMs, endMs }) => Math.max(1, Math.round((endMs - startMs) / minuteMs))));
  const [only] = lengths;
  if (lengths.size <= 1) return { lengthMs: only === undefined ? usualMs : only * minuteMs, slots: history };
  const lengthMs = Math.max(shortestMs, [...lengths].reduce(commonDivisor) * minuteMs);
  const slots = history.flatMap(({ startMs, endMs, wh }) => {
    const pieces = Math.max(1, Math.round((endMs - startMs) / lengthMs));
    return Array.from({ length: pieces }, (_, piece) => ({
      startMs: startMs + piece * lengthMs,
      endMs: startMs + (piece + 1) * lengthMs,
      // The power stays, also where the slot is no whole number of pieces.
      wh: (wh * lengthMs) / Math.max(minuteMs, endMs - startMs),
    }));
  });
  return { lengthMs, slots };
}

function commonDivisor(one: number, other: number): number {
  return other === 0 ? one : commonDivisor(other, one % other);
}
