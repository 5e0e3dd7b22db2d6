import type { Setting } from "../../core/setting.ts";
import {
  guardAtStart,
  standing,
  type ApplianceState,
  type GuardedAppliance,
  type GuardState,
} from "../../agent/guard/guarded-appliance.ts";
import type { GuardInput } from "../../agent/guard/guard-input.ts";
import type { Intent } from "../../agent/plan/intent.ts";

/** The setting of a switched appliance. */
export function settingOf(appliance: GuardedAppliance, on: boolean): Setting {
  const mode = on ? appliance.modes.at(-1) : appliance.modes[0];
  if (!mode) throw new Error("an appliance without modes");
  return { mode: mode.id, powerW: mode.maxW };
}

/** What the aggregator wants of it. */
export function wishFor(appliance: GuardedAppliance, on: boolean, change: Partial<Intent> = {}): Intent {
  return {
    resource: appliance.resource,
    setting: settingOf(appliance, on),
    authority: "instruction",
    reason: "cheapest time",
    ...change,
  };
}

/** It has stood so since an hour before. */
export function standsSince(
  appliance: GuardedAppliance,
  on: boolean,
  nowMs: number,
  change: Partial<ApplianceState> = {},
): ApplianceState {
  return { ...standing(settingOf(appliance, on)), sinceMs: nowMs - 3_600_000, ...change };
}

/** Memory of appliances alone. */
export function remembering(appliances: Iterable<readonly [string, ApplianceState]>): GuardState {
  return { ...guardAtStart, appliances: new Map(appliances) };
}

/** A house at 1 kW of its 6 kW, a reading 1 s old; no random delay and no other limit. */
export function houseAt(nowMs: number, change: Partial<GuardInput> = {}): GuardInput {
  return {
    nowMs,
    sinceJumpMs: Infinity,
    meterAgeMs: 1000,
    importW: 1000,
    phaseW: [],
    maxImportW: 6000,
    maxExportW: null,
    fusePhaseW: null,
    gridLimitW: null,
    peakW: null,
    increaseDelayMs: 0,
    rampWPerMin: null,
    spent: new Map(),
    intents: [],
    ...change,
  };
}
