import type { Flow, Home } from "./home.ts";
import { objective } from "./objective.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import type { Problem } from "./problem.ts";

/** What an engine found, beside the plan that is in force. */
export interface Found {
  engine: "fast" | "exact";
  flows: Flow[];
  bound?: number;
  /** The plan in force, where there is one. */
  previous: Flow[] | undefined;
  solveMs: number;
}

/** The plan in force stays where a new one is not better by more than the problem's keep_within: no flicker at equal prices. */
export function settledOutcome(problem: Problem, home: Home, { engine, flows, bound, previous, solveMs }: Found): Outcome {
  const keeps = previous !== undefined && objective(home, previous) <= objective(home, flows) + problem.keep_within;
  return outcomeOf(problem, home, keeps ? previous : flows, {
    engine,
    ...(bound === undefined ? {} : { bound }),
    keptPrevious: keeps,
    solveMs,
  });
}
