import type { GuardInput } from "./guard-input.ts";
import { staleMeterMs } from "./guard-input.ts";
import type { GuardedAppliance, GuardState } from "./guarded-appliance.ts";

/** What was switched so shortly before a reading may not be in its figure: meters average, loads ramp. */
export const meterLagMs = 10_000;

/** One limit, and what it leaves. */
export interface Bound {
  /** As it is said to people, such as "house import limit". */
  name: string;
  /** The fuse melts whatever stands above the limit; the others are rules. */
  isFuse: boolean;
  /** What must go, W; nothing at 0 and below. */
  excessW: number;
  /** What may come, W; null while nobody knows what the house draws. */
  freeW: number | null;
  /** How much of an appliance's power counts here, from 0 to 1. */
  share(appliance: GuardedAppliance): number;
}

/** All limits, each with the newest figure of the meter, corrected by what was switched too late to be in it. Pure. */
export function boundsOf(appliances: readonly GuardedAppliance[], state: GuardState, input: GuardInput): Bound[] {
  const { importW, gridLimitW, peakW, fusePhaseW } = input;
  const known = importW !== null && input.meterAgeMs <= staleMeterMs;
  const all = (): number => 1;
  const house = "house import limit";
  if (!known) {
    const unknown = { name: house, isFuse: false, excessW: 0, freeW: null, share: all };
    if (gridLimitW === null) return [unknown];
    // Nobody knows what else the house draws; what is controlled keeps to the limit by its rated powers.
    const drawnW = appliances.reduce((sum, appliance) => sum + settingW(appliance, state), 0);
    return [unknown, { name: gridLimit, isFuse: false, excessW: drawnW - gridLimitW, freeW: gridLimitW - drawnW, share: all }];
  }
  const bounds: Bound[] = [boundAt(house, importW, input.maxImportW, all)];
  if (gridLimitW !== null) bounds.push(boundAt(gridLimit, importW, gridLimitW, all));
  if (peakW !== null) bounds.push(boundAt("quarter-hour peak", importW, peakW, all));
  if (fusePhaseW !== null)
    for (const [index, phaseW] of input.phaseW.entries())
      if (phaseW !== null)
        bounds.push({ ...boundAt(`fuse of phase ${index + 1}`, phaseW, fusePhaseW, onPhase(index + 1)), isFuse: true });
  const readMs = input.nowMs - input.meterAgeMs;
  for (const appliance of appliances)
    for (const { atMs, deltaW } of state.appliances.get(appliance.resource)?.changes ?? [])
      for (const bound of bounds) {
        if (atMs > readMs - meterLagMs) count(bound, appliance, deltaW);
        // What rose since the reading is not in its figure for sure: a limit that comes now meets it already.
        if (atMs >= readMs && deltaW > 0) bound.excessW += deltaW * bound.share(appliance);
      }
  return bounds;
}

const gridLimit = "grid operator's limit";

const boundAt = (name: string, takenW: number, limitW: number, share: Bound["share"]): Bound => ({
  name,
  isFuse: false,
  excessW: takenW - limitW,
  freeW: limitW - takenW,
  share,
});

/** A change that the meter has not seen: a reduction counts against an excess, an increase against what is free. */
export function count(bound: Bound, appliance: GuardedAppliance, deltaW: number): void {
  const sharedW = deltaW * bound.share(appliance);
  if (sharedW < 0) bound.excessW += sharedW;
  else if (bound.freeW !== null) bound.freeW -= sharedW;
}

const settingW = (appliance: GuardedAppliance, state: GuardState): number =>
  Math.max(0, (state.appliances.get(appliance.resource)?.setting ?? appliance.safe).powerW);

const onPhase =
  (phase: number) =>
  ({ phases }: GuardedAppliance): number =>
    phases === null ? 1 : phases.includes(phase) ? 1 / phases.length : 0;
