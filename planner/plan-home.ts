import { fastPlan } from "./fast/fast-plan.ts";
import { homeOf } from "./home-of.ts";
import type { Flow, Home } from "./home.ts";
import type { Outcome } from "./outcome.ts";
import { previousFlows } from "./previous-flows.ts";
import type { Problem } from "./problem.ts";
import { settledOutcome } from "./settled-outcome.ts";

/** What plans: by itself, by itself with a solver's last touch, or the solver alone. */
export type Engine =
  | { name: "fast"; polish?: (home: Home, flows: readonly Flow[]) => Flow[] }
  | { name: "exact"; solve: (home: Home) => { flows: Flow[]; bound: number } };

/**
 * The plan of one home. Wishes that cannot be met are named in it; it throws only where the problem itself is wrong.
 * @param nowMs monotonic clock, ms
 * @throws AppError plan-bad-problem, plan-bad-length, plan-bad-appliance, plan-no-solution
 */
export function planHome(problem: Problem, engine: Engine, nowMs: () => number): Outcome {
  const beganMs = nowMs();
  const home = homeOf(problem);
  const previous = problem.previous ? previousFlows(home, problem.previous) : undefined;
  const found = solve(home, engine, previous);
  return settledOutcome(problem, home, { engine: engine.name, ...found, previous, solveMs: nowMs() - beganMs });
}

function solve(home: Home, engine: Engine, start: readonly Flow[] | undefined): { flows: Flow[]; bound?: number } {
  if (engine.name === "exact") return engine.solve(home);
  const fast = fastPlan(home, start ? { start } : {});
  return { flows: engine.polish?.(home, fast) ?? fast };
}
