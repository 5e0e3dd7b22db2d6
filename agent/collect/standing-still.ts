import type { Reading } from "../../core/reading.ts";

/** As long as a living meter may show the same clock: some tell whole minutes. */
const livesMs = 60_000;

/**
 * Whether a meter only repeats itself: its own clock stands still and so does everything else that it says. A box that
 * passes its last telegram on for ever looks like that, and must not pass for fresh. A meter without a clock, or one whose
 * clock stands while its figures move, is believed.
 */
export function standingStill(): (reading: Reading, nowMonoMs: number) => boolean {
  const seen = new Map<string, { said: string; sinceMs: number }>();
  return ({ meter, meterMs, importWh, exportWh, powerW }, nowMs) => {
    if (meterMs === null) return false;
    const said = JSON.stringify([meterMs, importWh, exportWh, powerW]);
    const before = seen.get(meter);
    if (before?.said === said) return nowMs - before.sinceMs >= livesMs;
    seen.set(meter, { said, sinceMs: nowMs });
    return false;
  };
}
