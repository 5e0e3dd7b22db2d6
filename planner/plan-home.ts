import { fastPlan } from "./fast/fast-plan.ts";
import { homeOf } from "./home-of.ts";
import type { Flow, Home } from "./home.ts";
import { objective } from "./objective.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import { previousFlows } from "./previous-flows.ts";
import type { Problem } from "./problem.ts";

/** What plans: by itself, by itself with a solver's last touch, or the solver alone. */
export type Engine =
  | { name: "fast"; polish?: (home: Home, flows: readonly Flow[]) => Flow[] }
  | { name: "exact"; solve: (home: Home) => { flows: Flow[]; bound: number } };

/**
 * The plan of one home. Wishes that cannot be met are named in it; it throws only where the problem itself is wrong.
 * The plan in force stays where a new one is not better by more than the problem's keep_within: no flicker at equal prices.
 * @param nowMs monotonic clock, ms
 * @throws AppError plan-bad-problem, plan-bad-length, plan-bad-appliance, plan-no-solution
 */
export function planHome(problem: Problem, engine: Engine, nowMs: () => number): Outcome {
  const beganMs = nowMs();
  const home = homeOf(problem);
  const previous = problem.previous ? previousFlows(home, problem.previous) : undefined;
  const { flows, bound } = solve(home, engine, previous);
  const keeps = previous !== undefined && objective(home, previous) <= objective(home, flows) + problem.keep_within;
  return outcomeOf(problem, home, keeps ? previous : flows, {
    engine: engine.name,
    ...(bound === undefined ? {} : { bound }),
    keptPrevious: keeps,
    solveMs: nowMs() - beganMs,
  });
}

function solve(home: Home, engine: Engine, start: readonly Flow[] | undefined): { flows: Flow[]; bound?: number } {
  if (engine.name === "exact") return engine.solve(home);
  const fast = fastPlan(home, start ? { start } : {});
  return { flows: engine.polish?.(home, fast) ?? fast };
}
