import { join } from "node:path";
import { fastPlan } from "../../planner/fast/fast-plan.ts";
import { homeOf } from "../../planner/home-of.ts";
import { generateHome } from "./generate-home.ts";
import { benchData } from "./real-data.ts";

/** Prints the highest resident memory of this process in MiB, after it has made and planned homes of 144 slots. */
const plans = Number(process.argv[2] ?? 0);
const data = benchData(join(import.meta.dirname, "../../../shared/data"));
const homes = Array.from({ length: 30 }, (_, seed) => homeOf(generateHome(data, seed + 1, 144)));
globalThis.gc?.();
let highest = process.memoryUsage().rss;
for (const home of homes.slice(0, plans)) {
  fastPlan(home);
  highest = Math.max(highest, process.memoryUsage().rss);
}
process.stdout.write((highest / 1024 / 1024).toFixed(1));
