import type { PastSlot } from "../../planner/base-load.ts";
import type { StoredSlot } from "../store/aggregator-store.ts";
import type { StoredFill } from "../store/fill-store.ts";

/** What is known of a tank. */
export interface Tank {
  whPerK: number;
  lossWPerK: number;
  ambientC: number;
  /** Heat for each Wh that it draws. */
  heatPerWh: number;
}

const hourMs = 3_600_000;
/** Between two temperatures that are further apart nobody knows. */
const mostApartMs = 45 * 60_000;

/**
 * Heat that people took from a tank, Wh in each slot of its meter in which its temperature is known: what went in, less what was
 * lost and what warmed the water. Meter and sensor are not read at the same moment: what a slot comes out below nothing is taken
 * from the ones after it, up to what a slot heats at most. Pure.
 * @param slots what it drew, oldest first
 * @param fills its temperatures, °C, oldest first
 */
export function drawsSeen(slots: readonly StoredSlot[], fills: readonly StoredFill[], tank: Tank): PastSlot[] {
  let [at, owedWh, knownMs] = [0, 0, -Infinity];
  /** By instants that rise. */
  const temperatureC = (atMs: number): number | undefined => {
    while ((fills[at + 1]?.atMs ?? Infinity) <= atMs) at += 1;
    const [before, after] = [fills[at], fills[at + 1]];
    if (!before || before.atMs > atMs) return undefined;
    if (before.atMs === atMs) return before.value;
    if (!after || after.atMs - before.atMs > mostApartMs) return undefined;
    return before.value + ((after.value - before.value) * (atMs - before.atMs)) / (after.atMs - before.atMs);
  };
  const mostWh = slots.reduce((most, { wh }) => Math.max(most, wh * tank.heatPerWh), 0);
  return slots.flatMap(({ startMs, endMs, wh }): PastSlot[] => {
    const [first, last] = [temperatureC(startMs), temperatureC(endMs)];
    if (first === undefined || last === undefined) return [];
    if (knownMs !== startMs) owedWh = 0;
    knownMs = endMs;
    const lostWh = (tank.lossWPerK * ((first + last) / 2 - tank.ambientC) * (endMs - startMs)) / hourMs;
    const takenWh = wh * tank.heatPerWh - lostWh - tank.whPerK * (last - first) - owedWh;
    owedWh = Math.min(Math.max(0, -takenWh), mostWh);
    return [{ startMs, endMs, wh: Math.max(0, takenWh) }];
  });
}
