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

/** A forecast with what is no number as a gap, which the planner fills. */
export const gapped = (values: readonly number[]): number[] =>
  values.map((value) => (Number.isFinite(value) ? value : Number.NaN));
