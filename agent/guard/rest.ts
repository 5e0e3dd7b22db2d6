import type { Setting } from "../../core/setting.ts";
import { authorityRank, type Authority } from "../plan/intent.ts";
import { draws, sameSetting, type ApplianceState, type GuardedAppliance } from "./guarded-appliance.ts";

/** Changes of mode of one appliance in an hour. */
export const maxSwitchesAnHour = 6;
const hourMs = 3_600_000;

/** What the plan wants of an appliance. */
export interface Wish {
  setting: Setting;
  authority: Authority;
  reason: string;
  /** Nothing holds it back when it is a reduction. */
  urgent: boolean;
}

/** The times of the last hour. */
export function ofLastHour(times: readonly number[], nowMs: number): number[] {
  return times.filter((at) => nowMs - at < hourMs);
}

/** Why a reduction must wait; undefined where it need not. */
export function reductionHeld(appliance: GuardedAppliance, now: ApplianceState, wish: Wish, nowMs: number): string | undefined {
  if (wish.urgent) return undefined;
  if (draws(now.setting) && !draws(wish.setting) && nowMs - now.sinceMs < appliance.minOnMs) return "minimum on time runs";
  // Where it could still be pushed down after this, one change of the hour is left for that.
  const most = sameSetting(wish.setting, appliance.least) ? maxSwitchesAnHour : maxSwitchesAnHour - 1;
  return tooOften(now, wish, nowMs, beginsBlock(appliance, now, wish) ? maxSwitchesAnHour - 2 : most);
}

/** What a plan holds back must be let go in time: a change of the hour is left for that, and one for taking it back. */
const beginsBlock = ({ maxOffMs, safe }: GuardedAppliance, now: ApplianceState, { setting, authority }: Wish): boolean =>
  maxOffMs !== null &&
  draws(now.setting) &&
  !draws(setting) &&
  !sameSetting(setting, safe) &&
  authorityRank(authority) < authorityRank("comfort");

/** Why an increase must wait, as far as that is a matter of time; undefined where it need not. */
export function increaseHeld(appliance: GuardedAppliance, now: ApplianceState, wish: Wish, nowMs: number): string | undefined {
  if (!draws(now.setting) && draws(wish.setting) && nowMs - now.sinceMs < appliance.minOffMs) return "minimum off time runs";
  // One change of the hour is left for taking it back, which the fuse or the grid may demand.
  return tooOften(now, wish, nowMs, maxSwitchesAnHour - 1);
}

function tooOften(now: ApplianceState, wish: Wish, nowMs: number, most: number): string | undefined {
  if (now.setting.mode === wish.setting.mode) return undefined;
  return ofLastHour(now.switchedMs, nowMs).length >= most ? "switched too often this hour" : undefined;
}

/** Increases that a person or a deadline wants wait for no random delay. */
export function isPrompt(authority: Authority): boolean {
  return authority === "override" || authority === "comfort" || authority === "safety";
}
