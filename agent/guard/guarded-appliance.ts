import type { OperationMode, Setting } from "../../core/setting.ts";

/** What the guard must know of an appliance. */
export interface GuardedAppliance {
  resource: string;
  /** What it can be told, the mode that draws least first. */
  modes: readonly OperationMode[];
  /** Its declared failsafe setting. */
  safe: Setting;
  /** As far as a limit may push it down. */
  least: Setting;
  /** Steps in which its power can be set within a mode, W; 0: not at all. */
  stepW: number;
  /** Phases of the house that it loads, 1 to 3; null where nobody wrote it down: then each may have to carry all of it. */
  phases: readonly number[] | null;
  minOnMs: number;
  minOffMs: number;
  /** It may be kept from drawing for so long at a time; null where that has no limit. */
  maxOffMs: number | null;
  /** That longest time binds the resident's word too, as with the lock of SG-Ready. */
  maxOffAlways: boolean;
}

/** How one appliance stands. Times on the monotonic clock, ms. */
export interface ApplianceState {
  setting: Setting;
  /** Since when it may draw, or may not. */
  sinceMs: number;
  /** Changes of its mode in the last hour. */
  switchedMs: readonly number[];
  /** Changes of its power that the meter may not show yet. */
  changes: readonly { atMs: number; deltaW: number }[];
  /** Until when the increase that is wanted waits; null while none is. */
  dueMs: number | null;
  /** So much before its longest time off it is let go: drawn when it went off, so that a fleet does not return at once. */
  earlyMs: number;
}

/** The guard's memory. */
export interface GuardState {
  /** By resource. */
  appliances: ReadonlyMap<string, ApplianceState>;
  /** The grid operator's limit at the last pass, W; null is unlimited, undefined is not known. */
  gridLimitW: number | null | undefined;
  /** After that limit was raised, increases wait until then. */
  raisedUntilMs: number;
  /** After an increase, the ramp lets the next one happen then. */
  rampUntilMs: number;
}

/** Nothing has happened yet. */
export const guardAtStart: GuardState = {
  appliances: new Map(),
  gridLimitW: undefined,
  raisedUntilMs: -Infinity,
  rampUntilMs: -Infinity,
};

/** An appliance of which nothing is known but that it stands so. */
export function standing(setting: Setting): ApplianceState {
  return { setting, sinceMs: -Infinity, switchedMs: [], changes: [], dueMs: null, earlyMs: 0 };
}

/** Whether an appliance may draw. */
export function draws(setting: Setting): boolean {
  return setting.powerW > 0;
}

/** Order of two settings by what they let an appliance draw; negative where the first draws less. */
export function byDraw({ modes }: Pick<GuardedAppliance, "modes">, one: Setting, other: Setting): number {
  if (one.powerW !== other.powerW) return one.powerW - other.powerW;
  const rank = (setting: Setting): number => modes.findIndex(({ id }) => id === setting.mode);
  return rank(one) - rank(other);
}

/** Whether two settings are the same. */
export function sameSetting(one: Setting, other: Setting): boolean {
  return one.mode === other.mode && one.powerW === other.powerW;
}

/** An appliance that is on or off by one contact. */
export function switchedAppliance(options: {
  resource: string;
  ratedPowerW: number;
  minOnMs: number;
  minOffMs: number;
  safeOn: boolean;
  maxOffMs: number | null;
  phases?: readonly number[] | null;
}): GuardedAppliance {
  const { resource, ratedPowerW, minOnMs, minOffMs, safeOn, maxOffMs, phases = null } = options;
  const [off, on] = [
    { mode: "off", powerW: 0 },
    { mode: "on", powerW: ratedPowerW },
  ];
  return {
    resource,
    modes: [off, on].map(({ mode, powerW }) => ({ id: mode, minW: powerW, maxW: powerW })),
    safe: safeOn ? on : off,
    least: off,
    stepW: 0,
    phases,
    minOnMs,
    minOffMs,
    maxOffMs,
    maxOffAlways: false,
  };
}
