import type { Clock } from "../core/clock/clock.ts";
import type { Setting } from "../core/setting.ts";
import {
  draws,
  guardAtStart,
  standing,
  type ApplianceState,
  type GuardedAppliance,
  type GuardState,
} from "./guard/guarded-appliance.ts";

/** One line of the journal; rows of old releases say only on or off. */
interface JournalLine {
  resource: string;
  atMs: number;
  on: boolean;
  setting: Setting | null;
}

/**
 * The guard's memory from the switchings of the last hour and the newest of each appliance,
 * so that a restart in the middle of a minimum-off time does not shorten it.
 */
export function guardStateFromJournal(
  appliances: readonly GuardedAppliance[],
  switchings: readonly JournalLine[],
  clock: Clock,
): GuardState {
  const states = appliances.map((appliance): [string, ApplianceState] => {
    const own = onMonotonicClock(
      switchings.filter(({ resource }) => resource === appliance.resource),
      clock,
    );
    const last = own.at(-1);
    const turned = own.findLastIndex((line, index) => line.on !== own[index - 1]?.on);
    return [
      appliance.resource,
      {
        ...standing(last ? journalled(appliance, last) : appliance.safe),
        sinceMs: last ? (own[turned]?.atMs ?? last.atMs) : -Infinity,
        switchedMs: own
          .filter((line, index) => line.setting === null || line.setting.mode !== own[index - 1]?.setting?.mode)
          .map(({ atMs }) => atMs),
        // The first readings need not show what the start itself has switched.
        changes: own.slice(1).map((line, index) => ({
          atMs: line.atMs,
          deltaW: journalled(appliance, line).powerW - journalled(appliance, own[index] ?? line).powerW,
        })),
      },
    ];
  });
  return { ...guardAtStart, appliances: new Map(states) };
}

/**
 * Lines of one appliance with their times on the monotonic clock. Those from the future (the clock went back) end just when
 * what came after them began, and keep their distances: rest is never cut short, nor drawn out for ever.
 */
function onMonotonicClock(lines: readonly JournalLine[], clock: Clock): JournalLine[] {
  let latestMs = clock.monotonicMs();
  let aheadMs = clock.now() - latestMs;
  return lines
    .toReversed()
    .map((line) => {
      aheadMs = Math.max(aheadMs, line.atMs - latestMs);
      latestMs = line.atMs - aheadMs;
      return { ...line, atMs: latestMs };
    })
    .toReversed();
}

function journalled({ modes, safe, least }: GuardedAppliance, { on, setting }: JournalLine): Setting {
  if (setting && modes.some(({ id }) => id === setting.mode)) return setting;
  const top = modes.at(-1);
  if (on !== draws(safe)) return on && top ? { mode: top.id, powerW: top.maxW } : least;
  return safe;
}
