import { errorCode } from "../../core/app-error.ts";
import type { FlexPlanner } from "./flex-desk.ts";

/**
 * A planner of a day that is read again when it has to be: at the first request, where nobody has opened it in this process yet, and
 * after its thread has ended.
 * @param told what the grid operator was told
 */
export function lastingPlanner(
  told: ReturnType<FlexPlanner["prognosis"]>,
  open: () => Promise<FlexPlanner>,
  first?: FlexPlanner,
): FlexPlanner {
  let opened = first && Promise.resolve(first);
  const planner = (): Promise<FlexPlanner> => {
    opened ??= open().catch((error: unknown) => {
      // What is missing now, such as prices right after the start, may be there with the next request.
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const ask = async <Answer>(question: (asked: FlexPlanner) => Answer | Promise<Answer>): Promise<Answer> => {
    const asked = await planner();
    try {
      return await question(asked);
    } catch (error) {
      if (errorCode(error) !== "planning-thread-ended") throw error;
      opened = undefined;
      return question(await planner());
    }
  };
  return {
    prognosis: () => told,
    answer: (round) => ask((asked) => asked.answer(round)),
    fit: (room) => ask((asked) => asked.fit(room)),
  };
}
