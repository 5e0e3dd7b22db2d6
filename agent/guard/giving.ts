import type { Setting } from "../../core/setting.ts";
import { authorityRank, type Authority } from "../plan/intent.ts";
import { meterLagMs } from "./bounds.ts";
import { staleMeterMs, type GuardInput } from "./guard-input.ts";
import type { GuardedAppliance, GuardState } from "./guarded-appliance.ts";

/** Holds back what storage gives: its reserve, and what the connection may feed in. Import positive, so giving is below 0. */
export interface Giving {
  /**
   * What is to become of an appliance's present setting at once, whatever is wished: it gives less than it does. Undefined where
   * it may go on.
   */
  less(appliance: GuardedAppliance, now: Setting, authority: Authority): Held | undefined;
  /** A wish as far as it may give; undefined where all of it may be. */
  fitted(appliance: GuardedAppliance, now: Setting, wish: { setting: Setting; authority: Authority }): Held | undefined;
  /** Counts what an appliance has just been set to. */
  count(appliance: GuardedAppliance, deltaW: number): void;
}

interface Held {
  setting: Setting;
  reason: string;
}

/** One limit of what is fed in. */
interface FeedIn {
  name: string;
  /** What must go, W; nothing at 0 and below. */
  excessW: number;
  /** What may still come, W. */
  freeW: number;
  share(appliance: GuardedAppliance): number;
}

/** Panels give what the sun gives: only what can be set in steps counts as storage. */
const isStorage = ({ stepW, modes }: GuardedAppliance): boolean => stepW > 0 && modes.some(({ minW }) => minW < 0);

/** @param state for what was set so shortly before the reading that it may not show it yet */
export function givingOf(appliances: readonly GuardedAppliance[], state: GuardState, input: GuardInput): Giving {
  const limits = limitsOf(input);
  const readMs = input.nowMs - input.meterAgeMs;
  for (const appliance of appliances)
    for (const { atMs, deltaW } of state.appliances.get(appliance.resource)?.changes ?? [])
      if (atMs > readMs - meterLagMs) count(appliance, deltaW);
  /** Why it may not give at all; the resident's own word stands above the reserve. */
  const spent = ({ resource }: GuardedAppliance, authority: Authority): string | undefined =>
    authorityRank(authority) >= authorityRank("override") ? undefined : input.spent.get(resource);
  return {
    less(appliance, now, authority) {
      if (!isStorage(appliance) || now.powerW >= 0) return undefined;
      const why = spent(appliance, authority);
      if (why !== undefined) return { setting: { ...now, powerW: 0 }, reason: why };
      let found: Held | undefined;
      for (const limit of limits) {
        if (limit.excessW <= 0) continue;
        const powerW = stepped(appliance, now.powerW + limit.excessW / limit.share(appliance));
        if (powerW > (found?.setting.powerW ?? now.powerW))
          found = { setting: { ...now, powerW }, reason: `above the ${limit.name}` };
      }
      return found;
    },
    fitted(appliance, now, { setting, authority }) {
      if (!isStorage(appliance) || setting.powerW >= 0) return undefined;
      const why = spent(appliance, authority);
      if (why !== undefined) return { setting: { ...setting, powerW: 0 }, reason: why };
      let found: Held | undefined;
      for (const limit of limits) {
        const powerW = stepped(appliance, now.powerW - Math.max(0, limit.freeW) / limit.share(appliance));
        if (powerW > (found?.setting.powerW ?? setting.powerW))
          found = { setting: { ...setting, powerW }, reason: `as far as the ${limit.name} has room` };
      }
      return found;
    },
    count,
  };

  function count(appliance: GuardedAppliance, deltaW: number): void {
    for (const limit of limits) {
      const sharedW = deltaW * limit.share(appliance);
      if (sharedW > 0) limit.excessW -= sharedW;
      else limit.freeW += sharedW;
    }
  }
}

/** Towards nothing: never more than there is room for. */
const stepped = ({ stepW }: GuardedAppliance, powerW: number): number => Math.min(0, Math.ceil(powerW / stepW) * stepW) + 0;

function limitsOf({ importW, phaseW, maxExportW, fusePhaseW, meterAgeMs }: GuardInput): FeedIn[] {
  const known = importW !== null && meterAgeMs <= staleMeterMs;
  const limits: FeedIn[] = [];
  const add = (name: string, fedW: number, mostW: number, share: FeedIn["share"]): void =>
    void limits.push({ name, excessW: fedW - mostW, freeW: mostW - fedW, share });
  if (maxExportW !== null) {
    if (known) add("house export limit", -importW, maxExportW, () => 1);
    // Nobody knows what the house feeds in already.
    else limits.push({ name: "house export limit, which nobody can see", excessW: 0, freeW: 0, share: () => 1 });
  }
  if (known && fusePhaseW !== null)
    for (const [index, watts] of phaseW.entries())
      if (watts !== null) add(`fuse of phase ${index + 1}`, -watts, fusePhaseW, onPhase(index + 1));
  return limits;
}

/** What runs on another phase has all the room in the world there. */
const onPhase =
  (phase: number) =>
  ({ phases }: GuardedAppliance): number =>
    phases === null ? 1 : phases.includes(phase) ? 1 / phases.length : Number.MIN_VALUE;
