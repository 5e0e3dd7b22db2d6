import { createHmac } from "node:crypto";
import { iso } from "../../core/clock/clock.ts";
import { slotAt } from "../../core/slots.ts";

/** Slots that a delay is drawn for. */
const slotMinutes = 15;

/**
 * The random delay of increases that begin in the slot that holds an instant, ms: uniform from 0 to the longest delay, drawn
 * from the gateway's own seed, so that it stands in advance and nobody else can know or choose it. @see UK SI 2021/1467, 9
 * @param seed 32 random bytes of this gateway
 */
export function increaseDelayMs(seed: Uint8Array, atMs: number, longestMs: number): number {
  if (longestMs === 0) return 0;
  const digest = createHmac("sha256", seed)
    .update(String(slotAt(atMs, slotMinutes).startMs))
    .digest();
  return Math.floor((digest.readUIntBE(0, 6) / 2 ** 48) * (longestMs + 1));
}

/** Slots whose delays are said in advance: one day. */
const announcedSlots = 96;

/** The delays of the coming day, for those who plan with this gateway; seconds, one for each slot of stepS. */
export function announcedDelays(
  seed: Uint8Array,
  nowMs: number,
  longestMs: number,
): { start: string; stepS: number; delaysS: number[] } {
  const stepMs = slotMinutes * 60_000;
  const { startMs } = slotAt(nowMs, slotMinutes);
  const delaysS = Array.from({ length: announcedSlots }, (_, index) =>
    Math.ceil(increaseDelayMs(seed, startMs + index * stepMs, longestMs) / 1000),
  );
  return { start: iso(startMs), stepS: stepMs / 1000, delaysS };
}
