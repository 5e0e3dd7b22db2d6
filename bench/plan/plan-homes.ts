import { text } from "node:stream/consumers";
import { fastPlan } from "../../planner/fast/fast-plan.ts";
import { homeOf, readProblem } from "../../planner/home-of.ts";
import { objective } from "../../planner/objective.ts";

/** What a processor made of one problem: money, Wh in and out by appliance and slot, and how long it took, ms. */
export interface PlannedHome {
  money: number;
  flows: { in: number[]; out: number[] }[];
  ms: number;
}

/** Reads problems, one JSON a line on standard input, and prints one PlannedHome a line. */
for (const [index, line] of (await text(process.stdin)).trim().split("\n").entries()) {
  const home = homeOf(readProblem(JSON.parse(line), `line ${index + 1}`));
  const beganMs = performance.now();
  const flows = fastPlan(home);
  const planned: PlannedHome = {
    ms: performance.now() - beganMs,
    money: objective(home, flows),
    flows: flows.map((flow) => ({ in: [...flow.in], out: [...flow.out] })),
  };
  process.stdout.write(`${JSON.stringify({ arch: process.arch, ...planned })}\n`);
}
