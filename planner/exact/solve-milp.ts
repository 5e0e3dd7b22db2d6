import loadHighs from "highs";
import { AppError, errorMessage } from "../../core/app-error.ts";
import type { LinearModel } from "./linear-model.ts";

/** What the solver found. */
export interface Solution {
  values: Float64Array;
  money: number;
  /** No plan can be cheaper than this. */
  bound: number;
  /** What one more unit on the right side of each row costs; of a program without whole columns. */
  duals: Float64Array;
  /** True where it ended by itself, false where time ran out. */
  proven: boolean;
}

/** How far a solver goes. */
export interface SolveOptions {
  /** Share of the optimum that it may stay away. */
  gap: number;
  timeLimitS: number;
  /** Whole columns may be broken. */
  relaxed?: boolean;
  /** A plan to begin with, all columns. */
  start?: Float64Array;
}

/** A loaded solver. It blocks while it solves: not for the gateway's own thread. */
export interface Solver {
  /** @throws AppError plan-no-solution */
  solve(model: LinearModel, options: SolveOptions): Solution;
}

/** Loads HiGHS (WebAssembly, about 70 MiB of memory). */
export async function loadSolver(): Promise<Solver> {
  // Its types are written for CommonJS, where the loader would be a property.
  const highs = await (loadHighs as unknown as typeof loadHighs.default)();
  const { infinity, constants } = highs;
  const ends = (values: number[]): Float64Array =>
    Float64Array.from(values, (value) => (value === Infinity ? infinity : value === -Infinity ? -infinity : value));
  return {
    solve: ({ columns, rows }, { gap, timeLimitS, relaxed = false, start }) =>
      named(() => {
        const data = {
          numCols: columns.lower.length,
          numRows: rows.lower.length,
          colCost: Float64Array.from(columns.cost),
          colLower: ends(columns.lower),
          colUpper: ends(columns.upper),
          rowLower: ends(rows.lower),
          rowUpper: ends(rows.upper),
          matrix: {
            format: "csr" as const,
            numRows: rows.lower.length,
            numCols: columns.lower.length,
            starts: Int32Array.from(rows.starts),
            indices: Int32Array.from(rows.indices),
            values: Float64Array.from(rows.values),
          },
        };
        const whole = !relaxed && columns.whole.some(Boolean);
        const { integer, continuous } = constants.variableType;
        const model = highs.createModel(
          whole ? { ...data, integrality: columns.whole.map((one) => (one ? integer : continuous)) } : data,
        );
        try {
          model.options.set({
            output_flag: false,
            mip_rel_gap: gap,
            time_limit: timeLimitS,
            primal_feasibility_tolerance: 1e-9,
            mip_feasibility_tolerance: 1e-7,
            // After a restart it has called a plan the cheapest that was not (test/planner/exact/solver-restart.test.ts).
            mip_allow_restart: false,
          });
          if (start && whole) model.setSolution({ colValue: start });
          model.run();
          const status = model.getModelStatus();
          const { optimal, timeLimit } = constants.modelStatus;
          const solution = model.getSolution();
          const values = solution.colValue;
          const money = model.getObjectiveValue();
          if (
            (status !== optimal && status !== timeLimit) ||
            values.length === 0 ||
            !Number.isFinite(money) ||
            Math.abs(money) >= 1e20
          )
            throw new AppError(
              "plan-no-solution",
              `the exact engine found no plan in ${timeLimitS} s (status ${status}); give it more time with --time-limit, or use --engine fast`,
            );
          const bound = whole ? Number(model.info.get("mip_dual_bound")) : money;
          return {
            values: Float64Array.from(values),
            duals: Float64Array.from(solution.rowDual),
            money,
            bound: Math.min(bound, money),
            proven: status === optimal,
          };
        } finally {
          model.dispose();
        }
      }),
  };
}

/** What the solver itself throws, such as for figures that it cannot hold, by a code of ours. */
function named<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("plan-no-solution", `the exact engine cannot solve this (${errorMessage(cause)}); use --engine fast`, {
      cause,
    });
  }
}
