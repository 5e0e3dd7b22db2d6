import { homeRoom, type HomePlan } from "../../planner/community/home-party.ts";
import { answerInBites } from "./answer-in-bites.ts";
import { groupHome, groupSteps, withoutAnswers, type GroupHome, type GroupRoom } from "./group-home.ts";

/** A group that is planned in this thread, with room for other work after each answer of a home. */
export function planHere(nowMs: () => number): GroupRoom {
  const room = homeRoom();
  const homes: GroupHome[] = [];
  let plans: HomePlan[] = [];
  return {
    add: async (member) => void homes.push(groupHome(member, room)),
    async plan(task) {
      const starts = homes.map(({ facts }) => facts);
      const result = await answerInBites(
        groupSteps(task, starts, nowMs),
        homes.map(({ party }) => party),
      );
      plans = result.answers.map(({ plan }) => plan);
      return withoutAnswers(result);
    },
    planOf: async (index) => planAt(plans, index),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** @throws RangeError where there is no such home */
export function planAt(plans: readonly HomePlan[], index: number): HomePlan {
  const plan = plans[index];
  if (!plan) throw new RangeError(`there is no plan of a home ${index}`);
  return plan;
}
