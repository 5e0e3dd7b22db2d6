import type { Setting } from "../../core/setting.ts";
import type { GuardedAppliance } from "./guarded-appliance.ts";

/** A setting that draws so much less, or the least of the appliance where it cannot give way a little. */
export function lowered(appliance: GuardedAppliance, setting: Setting, cutW: number): Setting {
  const target = stepped(appliance, setting.mode, setting.powerW - cutW);
  return target !== undefined && target > appliance.least.powerW ? { mode: setting.mode, powerW: target } : appliance.least;
}

/**
 * The wish as far as it fits: all of it, or in an appliance with steps as much as there is room for.
 * Undefined where nothing of it fits.
 * @param roomW what may be added to the present setting, W
 */
export function fitted(appliance: GuardedAppliance, present: Setting, wish: Setting, roomW: number): Setting | undefined {
  if (wish.powerW - present.powerW <= roomW) return wish;
  const target = stepped(appliance, wish.mode, Math.min(wish.powerW, present.powerW + roomW));
  return target !== undefined && target > present.powerW ? { mode: wish.mode, powerW: target } : undefined;
}

/** The power rounded down to a step of the mode; undefined below the least power of the mode, or where it has no steps. */
function stepped({ stepW, modes }: GuardedAppliance, mode: string, powerW: number): number | undefined {
  const minW = modes.find(({ id }) => id === mode)?.minW;
  if (stepW === 0 || minW === undefined) return undefined;
  const target = Math.floor(powerW / stepW) * stepW;
  return target >= minW ? target : undefined;
}
