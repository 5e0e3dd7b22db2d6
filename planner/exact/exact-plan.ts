import { errorCode } from "../../core/app-error.ts";
import type { Flow, Home } from "../home.ts";
import { objective } from "../objective.ts";
import { idle } from "../physics.ts";
import { milpOf, type Milp } from "./milp-of.ts";
import type { SolveOptions, Solver } from "./solve-milp.ts";
import { mixtureOf, stiffSchedules } from "./stiff-schedules.ts";

/** A plan with what is proven about it. */
export interface ExactPlan {
  flows: Flow[];
  /** No plan can have a smaller objective than this. */
  bound: number;
  proven: boolean;
}

const perKwh = 1000;

/**
 * The cheapest plan, as far as the gap and the time allow.
 * @param start plan to begin with, which saves the solver the search for a first one; left out, it begins from nothing
 * @throws AppError plan-no-solution
 */
export function exactPlan(solver: Solver, home: Home, options: SolveOptions, start?: readonly Flow[]): ExactPlan {
  const milp = milpOf(home, { whole: "all" });
  const first = start && aroundRelays(solver, home, start);
  const { values, bound, proven } = solver.solve(milp.model, { ...options, ...(first && { start: first.values }) });
  return { flows: flowsOf(home, milp, values), bound, proven };
}

/** How near the cheapest a polished plan must come, and how long it may take. */
const polishing = { gap: 0.001, timeLimitS: 3 };
const polishRounds = 10;

/**
 * A plan made better in about a second. Relays and programmes, which keep a solver busy for minutes, choose among whole schedules
 * that the home's marginal prices lead to, and their own one; what else is on, and how strongly, is solved. The plan itself where
 * the solver finds no better one.
 */
export function polish(solver: Solver, home: Home, flows: readonly Flow[]): Flow[] {
  try {
    const { byDevice } = stiffSchedules(solver, home, { rounds: polishRounds, known: flows });
    const { milp, shares } = mixtureOf(home, byDevice, "all");
    const { values } = solver.solve(milp.model, polishing);
    const found = flowsOf(home, milp, values);
    for (const [index, columns] of shares) {
      const chosen = columns.reduce(
        (best, column, each) => ((values[column] ?? 0) > (values[columns[best] ?? 0] ?? 0) ? each : best),
        0,
      );
      found[index] = byDevice.get(index)?.[chosen] ?? found[index] ?? idle(home.hours.length);
    }
    return objective(home, found) < objective(home, flows) ? found : [...flows];
  } catch (error) {
    if (errorCode(error) !== "plan-no-solution") throw error;
    return [...flows];
  }
}

function aroundRelays(solver: Solver, home: Home, flows: readonly Flow[]): { milp: Milp; values: Float64Array } | undefined {
  const milp = milpOf(home, { whole: "all" });
  const { model, devices } = milp;
  for (const [index, { on }] of devices.entries()) {
    const [flow, device] = [flows[index], home.devices[index]];
    if (!flow || !device || !(device.onOff || device.profile)) continue;
    for (const [slot, column] of on.entries()) {
      if (column < 0) continue;
      const runs = (flow.in[slot] ?? 0) > 0;
      const begins = runs && (slot === 0 || (flow.in[slot - 1] ?? 0) === 0);
      const value = (device.profile ? begins : runs) ? 1 : 0;
      model.columns.lower[column] = value;
      model.columns.upper[column] = value;
    }
  }
  try {
    return { milp, values: solver.solve(model, polishing).values };
  } catch (error) {
    if (errorCode(error) !== "plan-no-solution") throw error;
    return undefined;
  }
}

function flowsOf(home: Home, { devices }: Milp, values: Float64Array): Flow[] {
  const wh = (column: number | undefined): number => {
    const value = column === undefined || column < 0 ? 0 : (values[column] ?? 0) * perKwh;
    return value < 1e-6 ? 0 : value;
  };
  return devices.map(({ taken, given }) => {
    const flow = idle(home.hours.length);
    for (let slot = 0; slot < home.hours.length; slot += 1) {
      flow.in[slot] = wh(taken[slot]);
      flow.out[slot] = wh(given[slot]);
    }
    return flow;
  });
}
