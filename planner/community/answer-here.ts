import type { Coordination } from "./passes.ts";
import type { Party } from "./party.ts";

/** Lets the parties answer here and now, one after the other. */
export function answerHere<Plan, Result>(steps: Coordination<Plan, Result>, parties: readonly Party<Plan>[]): Result {
  let next = steps.next();
  while (!next.done) {
    const { parties: asked, asks } = next.value;
    const answers = asks.map((ask, index) => {
      const party = parties[asked[index] as number];
      if (!party) throw new RangeError(`there is no party ${asked[index]}`);
      return party.answer(ask);
    });
    next = steps.next(answers);
  }
  return next.value;
}
