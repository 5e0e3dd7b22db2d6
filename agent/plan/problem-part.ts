import type { Standing } from "../../planner/standing.ts";
import type { LocalPlanInput } from "./local-input.ts";

/** One appliance of the planning problem: an appliance of the house, or one of its demand windows. */
export interface ProblemPart {
  name: string;
  resource: string;
  /** demand: energy by a time; block: may only be held off; the others are stores that are planned by how full they are. */
  kind: "demand" | "block" | "battery" | "tank" | "room";
  /** Local time at which its energy must be there; null where there is no such time. */
  readyBy: string | null;
  /** Slots in which it counts: [from, until). */
  from: number;
  until: number;
}

/** A part, and the problem's words for it (planner/problem.ts). */
export interface PartOfProblem {
  part: ProblemPart;
  appliance: object;
}

/** Of the currency, for each start: what saves less is not worth switching for. */
export const startCost = 0.005;

/**
 * How an appliance stands when the plan begins: a run or a rest that is under way goes on. Slots that have begun count as over,
 * since the guard keeps the rest of a rest to the second.
 */
export function standingIn(
  { standing, nowMs, slotMinutes }: Pick<LocalPlanInput, "standing" | "nowMs" | "slotMinutes">,
  resource: string,
): Standing {
  const stands = standing(resource);
  if (!stands) return {};
  const slots = Math.ceil(Math.max(0, nowMs - stands.sinceMs) / (slotMinutes * 60_000));
  return { was_on: stands.on, was_for_minutes: Math.min(longestMinutes, slots * slotMinutes) };
}

/** A week: no rest is longer. */
const longestMinutes = 7 * 1440;

/** A forecast with what is no number as a gap, which the planner fills. */
export const gapped = (values: readonly number[]): number[] =>
  values.map((value) => (Number.isFinite(value) ? value : Number.NaN));
