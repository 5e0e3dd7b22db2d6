import { setImmediate } from "node:timers/promises";
import type { Party } from "../../planner/community/party.ts";
import type { Coordination } from "../../planner/community/passes.ts";

/** Lets the parties answer one after the other, with room for other work after each: a coordination may take a minute. */
export async function answerInBites<Plan, Result>(
  steps: Coordination<Plan, Result>,
  parties: readonly Party<Plan>[],
): Promise<Result> {
  let next = steps.next();
  while (!next.done) {
    const { parties: asked, asks } = next.value;
    const answers = [];
    for (const [index, ask] of asks.entries()) {
      const party = parties[asked[index] as number];
      if (!party) throw new RangeError(`there is no party ${asked[index]}`);
      answers.push(party.answer(ask));
      await setImmediate();
    }
    next = steps.next(answers);
  }
  return next.value;
}
