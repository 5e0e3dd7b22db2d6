import { text } from "node:stream/consumers";
import { fastPlan } from "../../planner/fast/fast-plan.ts";
import { homeOf, readProblem } from "../../planner/home-of.ts";

/**
 * Prints two figures of this process, MiB of resident memory: after it has loaded the planner and the problems that it is given
 * (one JSON a line on standard input), and the highest while it read and planned one after the other.
 */
const lines = (await text(process.stdin)).trim().split("\n");
globalThis.gc?.();
const loaded = process.memoryUsage().rss / 1024 / 1024;
for (const [index, line] of lines.entries()) fastPlan(homeOf(readProblem(JSON.parse(line), `line ${index + 1}`)));
// The kernel's own high-water mark, which no sampling misses.
const highest = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ loaded, highest }));
