import { loadSolver } from "../planner/exact/solve-milp.ts";
import { exchangePart, type Part } from "./market/exchange-part.ts";
import { report } from "./report.ts";

/**
 * `npm run bench:market [-- --json] [--only exchange] [--books 20] [--orders 100000] [--turns 7]`: the markets beside what is
 * proven to be the best, in parts. Without --only all of them, one after the other.
 */
const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(name);
  return at > 0 ? Number(process.argv[at + 1]) : otherwise;
};
const solver = await loadSolver();
const parts: Record<string, () => Promise<Part>> = {
  exchange: () =>
    exchangePart(solver, { books: option("--books", 20), orders: option("--orders", 100_000), turns: option("--turns", 7) }),
};

const onlyAt = process.argv.indexOf("--only");
const only = onlyAt > 0 ? process.argv[onlyAt + 1] : undefined;
if (only !== undefined && !(only in parts)) {
  console.error(`no part "${only}"; there are ${Object.keys(parts).join(", ")}`);
  process.exit(2);
}
const done: Part[] = [];
for (const [name, run] of Object.entries(parts)) if (only === undefined || only === name) done.push(await run());
report(
  done.flatMap(({ rows }) => rows),
  done.flatMap(({ claims }) => claims),
  process.argv,
);
