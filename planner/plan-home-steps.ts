import { fastPlanSteps } from "./fast/fast-plan.ts";
import { homeOf } from "./home-of.ts";
import type { Outcome } from "./outcome.ts";
import { previousFlows } from "./previous-flows.ts";
import type { Problem } from "./problem.ts";
import { settledOutcome } from "./settled-outcome.ts";

/**
 * What `planHome` does with the fast engine, in small bites: a daemon takes one after the other between its other work, without
 * a thread. The plan is the value of the last step.
 * @param nowMs monotonic clock, ms; the outcome's time then holds what was done between the steps too
 * @throws AppError plan-bad-problem, plan-bad-length, plan-bad-appliance
 */
export function* planHomeSteps(problem: Problem, engine: { name: "fast" }, nowMs: () => number): Generator<void, Outcome> {
  const beganMs = nowMs();
  const home = homeOf(problem);
  const previous = problem.previous ? previousFlows(home, problem.previous) : undefined;
  const flows = yield* fastPlanSteps(home, previous ? { start: previous } : {});
  return settledOutcome(problem, home, { engine: engine.name, flows, previous, solveMs: nowMs() - beganMs });
}
