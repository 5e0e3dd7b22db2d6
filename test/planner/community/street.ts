import { answerHere } from "../../../planner/community/answer-here.ts";
import type { Feeder } from "../../../planner/community/board.ts";
import type { CommunityResult } from "../../../planner/community/community-result.ts";
import { coordinate, type Community, type TimeLimit } from "../../../planner/community/coordinate.ts";
import { homeParty, homeRoom, priceScale, type HomePlan } from "../../../planner/community/home-party.ts";
import { homeOf, readProblem } from "../../../planner/home-of.ts";
import type { Home } from "../../../planner/home.ts";
import type { Problem } from "../../../planner/problem.ts";

/** No time passes: nothing is cut short. */
export const unhurried: TimeLimit = { nowMs: () => 0, untilMs: 1 };

/** Homes on one cable. */
export interface Street {
  problems: Problem[];
  homes: Home[];
  community: Community<HomePlan>;
}

/** Puts homes on a feeder. @param limits W */
export function street(
  inputs: readonly object[],
  limits: { importW: number | readonly number[]; exportW?: number },
  options: { seed?: number; curtailedBeforeWh?: readonly number[] } = {},
): Street {
  const problems = inputs.map((input, index) => readProblem(input, `home ${index}`));
  const homes = problems.map((problem) => homeOf(problem));
  const hours = homes[0]?.hours ?? new Float64Array(0);
  const { importW, exportW = Infinity } = limits;
  const feeder: Feeder = {
    name: "street",
    importLimitWh: hours.map((h, slot) => h * (typeof importW === "number" ? importW : (importW[slot] ?? Infinity))),
    exportLimitWh: hours.map((h) => h * exportW),
    members: homes.map((_, index) => index),
  };
  return {
    problems,
    homes,
    community: {
      hours,
      parties: homes.map((_, index) => ({ name: `home ${index}`, curtailedBeforeWh: options.curtailedBeforeWh?.[index] ?? 0 })),
      feeders: [feeder],
      scale: priceScale(homes),
      seed: options.seed ?? 1,
      keepWithin: 0.01,
    },
  };
}

/** Coordinates a street in this thread. */
export function planStreet(
  { homes, community }: Street,
  changes: Partial<Community<HomePlan>> = {},
  limit: TimeLimit = unhurried,
): CommunityResult<HomePlan> {
  const room = homeRoom();
  return answerHere(
    coordinate({ ...community, ...changes }, limit),
    homes.map((home, index) => homeParty(home, index, room)),
  );
}

/** Net of all homes together, W a slot, by adding up what their appliances do. */
export function togetherW({ homes }: Street, { answers }: CommunityResult<HomePlan>): number[] {
  const [first] = homes;
  return Array.from(first?.hours ?? [], (h, slot) => answers.reduce((sum, { netWh }) => sum + (netWh[slot] ?? 0), 0) / h);
}

/** Where a result ended: to begin with the next time. */
export const startFrom = ({ prices, answers }: CommunityResult<HomePlan>): NonNullable<Community<HomePlan>["start"]> => ({
  prices,
  plans: answers.map(({ plan }) => plan),
});
