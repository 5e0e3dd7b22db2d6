import type { Resource, ResourceStatus } from "../../core/message/resource.ts";
import type { Standing } from "../../planner/standing.ts";

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
