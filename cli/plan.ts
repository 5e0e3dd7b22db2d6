import { parse } from "yaml";
import { z } from "zod";
import { AppError, errorMessage } from "../core/app-error.ts";
import { readProblem } from "../planner/home-of.ts";
import type { Outcome } from "../planner/outcome.ts";
import { planHome, type Engine } from "../planner/plan-home.ts";
import { Problem } from "../planner/problem.ts";
import { exitCode } from "./exit-code.ts";
import { readInput } from "./read-input.ts";

/** Three thousand slots of fifty appliances. */
const mostBytes = 32 * 1024 * 1024;
/** YAML takes a thousand times as long to read as JSON: what is longer than seconds' worth is refused unread. */
const mostYamlBytes = 2 * 1024 * 1024;

export interface PlanOptions {
  engine: "exact" | "fast";
  polish?: true;
  gap: string;
  timeLimit: string;
  strict?: true;
  json?: true;
  schema?: true;
}

/** `smart-mla plan PROBLEM`: the cheapest plan of one home that keeps its wishes, and what cannot be kept. */
export async function plan(file: string | undefined, options: PlanOptions, say: (line: string) => void): Promise<number> {
  if (options.schema) {
    say(JSON.stringify(schema(), null, options.json ? 0 : 2));
    return exitCode.good;
  }
  if (file === undefined)
    throw new AppError("plan-no-file", "name a file with a planning problem, - for standard input, or give --schema");
  const problem = readProblem(await readDocument(file), file);
  const outcome = planHome(problem, await engineOf(options), () => performance.now());
  if (options.json || !process.stdout.isTTY) say(JSON.stringify(outcome));
  else for (const line of forPeople(outcome)) say(line);
  return options.strict && outcome.status === "shortfall" ? exitCode.checkFailed : exitCode.good;
}

/** JSON knows no NaN: a schema that takes anything in its place would check nothing. */
function schema(): object {
  return z.toJSONSchema(Problem, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      if (zodSchema._zod.def.type === "nan") jsonSchema.not = {};
    },
  });
}

async function engineOf({ engine, polish, gap, timeLimit }: PlanOptions): Promise<Engine> {
  if (engine === "fast" && !polish) return { name: "fast" };
  const [{ loadSolver }, exact] = await Promise.all([
    import("../planner/exact/solve-milp.ts"),
    import("../planner/exact/exact-plan.ts"),
  ]);
  const solver = await loadSolver();
  if (engine === "fast") return { name: "fast", polish: (home, flows) => exact.polish(solver, home, flows) };
  const limits = { gap: positive("--gap", gap), timeLimitS: positive("--time-limit", timeLimit) };
  return { name: "exact", solve: (home) => exact.exactPlan(solver, home, limits) };
}

/** JSON or YAML: the second knows the first. @throws AppError input-unreadable, plan-bad-problem, plan-too-long */
async function readDocument(file: string): Promise<unknown> {
  const bytes = await readInput(file, mostBytes, "plan fewer or longer slots");
  const text = decoded(bytes, file);
  const isJson = /^\s*[{[]/.test(text);
  if (!isJson && bytes.length > mostYamlBytes)
    throw new AppError(
      "plan-too-long",
      `${file} has ${bytes.length} bytes of YAML, expected at most ${mostYamlBytes}; write so long a problem as JSON, or plan fewer or longer slots`,
    );
  try {
    return isJson ? JSON.parse(text) : parse(text);
  } catch (error) {
    throw new AppError("plan-bad-problem", `${file} is neither JSON nor YAML: ${errorMessage(error)}`);
  }
}

/** @throws AppError plan-bad-problem where it is not UTF-8; a byte order mark is dropped */
function decoded(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new AppError("plan-bad-problem", `${file} is not UTF-8; save it as UTF-8, such as \`iconv -f utf-16 -t utf-8\``);
  }
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value))
    throw new AppError("plan-bad-option", `${option} is "${text}", expected a number above 0`);
  return value;
}

function* forPeople(outcome: Outcome): Generator<string> {
  const { cost, currency, engine, solve_ms: ms, gap } = outcome;
  const proven = gap === undefined ? "" : `, at most ${(gap * 100).toFixed(2)} % above the cheapest that is possible`;
  yield `${cost.total.toFixed(2)} ${currency} (${engine}, ${ms.toFixed(0)} ms${proven})`;
  yield `  import ${cost.import.toFixed(2)}, export ${cost.export.toFixed(2)}, peak charge ${cost.capacity.toFixed(2)}, wear ${cost.wear.toFixed(2)}, value of what is left ${cost.final_value.toFixed(2)}`;
  if (outcome.kept_previous) yield "  the plan in force was kept: a new one is hardly better";
  for (const one of outcome.appliances) {
    const spans = runs(one.power_w).map(({ from, to, powerW }) => `${label(outcome, from)}-${label(outcome, to)} ${powerW} W`);
    yield `${one.name}: ${(one.energy_wh.reduce((sum, wh) => sum + wh, 0) / 1000).toFixed(2)} kWh${spans.length === 0 ? "" : `; ${spans.join(", ")}`}`;
  }
  for (const { message } of outcome.shortfalls) yield `missed: ${message}`;
  for (const note of outcome.notes) yield `note: ${note}`;
}

/** Slots in a row with about the same power. */
function runs(powers: readonly number[]): { from: number; to: number; powerW: number }[] {
  const found: { from: number; to: number; powerW: number }[] = [];
  for (const [slot, power] of powers.entries()) {
    if (power === 0) continue;
    const last = found.at(-1);
    if (last && last.to === slot && Math.abs(last.powerW - power) < 1) last.to = slot + 1;
    else found.push({ from: slot, to: slot + 1, powerW: Math.round(power) });
  }
  return found;
}

/** Local time is not known here: UTC, or the number of the slot. */
function label(outcome: Outcome, slot: number): string {
  const start = outcome.slots[slot]?.start;
  if (start !== undefined) return `${start.slice(11, 16)}Z`;
  return slot === outcome.slots.length ? "end" : `slot ${slot}`;
}
