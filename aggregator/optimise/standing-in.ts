import type { Resource, ResourceStatus } from "../../core/message/resource.ts";

/** How an appliance stands when a plan begins, in the problem's words; nothing where nobody knows. */
export interface Standing {
  was_on?: boolean;
  was_for_minutes?: number;
}

/** A gateway tells it every quarter of an hour at least: three of them that did not come are no accident. */
const oldMs = 45 * 60_000;
/** A day: no run or rest need be longer. */
const longestMinutes = 1440;

/** By what its gateway told last. @param atMs when the plan begins: what goes on until then counts */
export function standingIn(
  { operationModes }: Resource,
  status: ResourceStatus | undefined,
  nowMs: number,
  atMs: number,
): Standing {
  const mode = operationModes.find(({ id }) => id === status?.operationModeId);
  if (!status || !mode) return {};
  const { at, transitionTimestamp } = status;
  const isKnown = transitionTimestamp !== undefined && Math.abs(nowMs - Date.parse(at)) <= oldMs;
  const minutes = isKnown ? (Math.max(nowMs, atMs) - Date.parse(transitionTimestamp)) / 60_000 : undefined;
  return {
    was_on: mode.powerW > 0,
    ...(minutes !== undefined && { was_for_minutes: Math.min(longestMinutes, Math.max(0, minutes)) }),
  };
}

/** Of what may only be held off for a while: for how long it has been. */
export const blockedMinutes = ({ was_on: wasOn, was_for_minutes: minutes = 0 }: Standing): number =>
  wasOn === false ? minutes : 0;
