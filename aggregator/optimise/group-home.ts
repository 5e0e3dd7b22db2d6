import type { Feeder } from "../../planner/community/board.ts";
import type { CommunityResult } from "../../planner/community/community-result.ts";
import { coordinate } from "../../planner/community/coordinate.ts";
import { homeParty, planInForce, priceScale, type HomePlan, type HomeRoom } from "../../planner/community/home-party.ts";
import type { Party } from "../../planner/community/party.ts";
import type { Coordination } from "../../planner/community/passes.ts";
import { homeOf } from "../../planner/home-of.ts";
import type { Problem } from "../../planner/problem.ts";

/** A home as it is handed to whoever plans its group. */
export interface GroupMember {
  problem: Problem;
  /** Breaks ties between equal homes, the same in each plan. */
  seed: number;
}

/** A home that answers. */
export interface GroupHome {
  party: Party<HomePlan>;
  facts: HomeStart;
}

/** What a coordination has to know of a home before it asks. */
export interface HomeStart {
  scale: number;
  /** Its plan in force; undefined where that says too little. */
  start: HomePlan | undefined;
}

/** What is asked for a group, apart from its homes. */
export interface GroupTask {
  hours: Float64Array;
  /** In the order of the homes. */
  parties: readonly { name: string; curtailedBeforeWh: number }[];
  feeders: readonly Feeder[];
  keepWithin: number;
  /** Of each feeder when the group was planned last, for these slots. */
  prices: readonly Float64Array[];
  /** How long it may take. */
  mostMs: number;
}

/** What comes of it, apart from the homes' plans. */
export type GroupResult = Omit<CommunityResult<HomePlan>, "answers">;

/** Where a group is planned. One after the other: all homes, then the plan, then what it says of each. */
export interface GroupRoom extends AsyncDisposable {
  add(member: GroupMember): Promise<void>;
  plan(task: GroupTask): Promise<GroupResult>;
  /** The plan of a home, by the order in which it was added. */
  planOf(index: number): Promise<HomePlan>;
}

/** @throws AppError of a problem that is none */
export function groupHome({ problem, seed }: GroupMember, room: HomeRoom): GroupHome {
  const home = homeOf(problem);
  return {
    party: homeParty(home, seed, room),
    facts: { scale: priceScale([home]), start: planInForce(home, problem.previous ?? {}) },
  };
}

/** The coordination of a group. @param nowMs a clock that never jumps, ms */
export function groupSteps(
  task: GroupTask,
  homes: readonly HomeStart[],
  nowMs: () => number,
): Coordination<HomePlan, CommunityResult<HomePlan>> {
  const { hours, parties, feeders, keepWithin, prices, mostMs } = task;
  return coordinate<HomePlan>(
    {
      hours,
      parties,
      feeders,
      scale: homes.reduce((sum, { scale }) => sum + scale, 0) / Math.max(1, homes.length),
      seed: 1,
      keepWithin,
      start: { prices, plans: homes.map(({ start }) => start) },
    },
    { nowMs, untilMs: nowMs() + mostMs },
  );
}

/** A result without the plans. */
export function withoutAnswers({ answers: _, ...result }: CommunityResult<HomePlan>): GroupResult {
  return result;
}
