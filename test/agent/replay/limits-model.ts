import type { TracedAppliance } from "../../../agent/replay/trace-event.ts";
import type { ModelWorld } from "./model-world.ts";

/** One limit, and what the newest reading shows of it, W. */
export interface KnownLimit {
  name: string;
  limitW: number;
  takenW: number;
  /** How much of an appliance counts here, from 0 to 1. */
  share(appliance: TracedAppliance): number;
}

/** What was switched so shortly before a reading may not be in its figure. */
const lagMs = 10_000;

/** All that bind while the meter speaks. */
export function knownLimits({ reading, maxImportW, limitW, peakW, fuseW }: ModelWorld): KnownLimit[] {
  if (!reading) return [];
  const whole = (name: string, wholeW: number): KnownLimit => ({ name, limitW: wholeW, takenW: reading.powerW, share: () => 1 });
  const known = [whole("the house import limit", maxImportW)];
  if (limitW !== null && limitW !== undefined) known.push(whole("the grid operator's limit", limitW));
  if (peakW !== null) known.push(whole("the quarter-hour peak", peakW));
  if (fuseW === null) return known;
  const phases = reading.phaseW.map((takenW, index) => ({
    name: `the fuse of phase ${index + 1}`,
    limitW: fuseW,
    takenW,
    // Where nobody wrote down the phases each may have to carry all of it.
    share: ({ phases: own }: TracedAppliance) => (own === null ? 1 : own.includes(index + 1) ? 1 / own.length : 0),
  }));
  return [...known, ...phases];
}

/** So much is too much by all that can be known: what rose since the reading is not in it, what fell just before perhaps is not. */
export function excessW(world: ModelWorld, limit: KnownLimit): number {
  const readMs = world.reading?.atMs ?? -Infinity;
  const roseW = moved(world, limit, ({ atMs, deltaW }) => deltaW > 0 && atMs >= readMs);
  const fellW = moved(world, limit, ({ atMs, deltaW }) => deltaW < 0 && atMs > readMs - lagMs);
  return limit.takenW + roseW + fellW - limit.limitW;
}

/** So much may come: what rose just before the reading is perhaps not in it, and what fell makes room only once it shows. */
export function freeW(world: ModelWorld, limit: KnownLimit): number {
  const readMs = world.reading?.atMs ?? -Infinity;
  return limit.limitW - limit.takenW - moved(world, limit, ({ atMs, deltaW }) => deltaW > 0 && atMs > readMs - lagMs);
}

function moved(world: ModelWorld, limit: KnownLimit, counts: (move: { atMs: number; deltaW: number }) => boolean): number {
  let sumW = 0;
  for (const [resource, appliance] of world.appliances)
    for (const move of world.owns.get(resource)?.moves ?? []) if (counts(move)) sumW += move.deltaW * limit.share(appliance);
  return sumW;
}
