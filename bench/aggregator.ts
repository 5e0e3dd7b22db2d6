import { desk } from "./aggregator/desk.ts";
import { optimise, type Part, type PartOptions } from "./aggregator/optimise.ts";
import { dispatchPart } from "./aggregator/dispatch.ts";
import { intakePart } from "./aggregator/intake.ts";
import { processPart } from "./aggregator/process.ts";
import { report, type Claim } from "./report.ts";

/**
 * `npm run bench:aggregator [-- --json] [--only optimise] [--homes 100,1000] [--threads 2] [--limit-kw 5.2]`: what the aggregator
 * can do, part by part.
 *
 * - optimise: homes generated as for `bench:plan`, all on one cold day with one tariff, under one feeder of `--limit-kw` for each
 *   home; a row for each number of homes. Homes answer in threads. "alone": each plans for itself; "no plan": thermostats and the
 *   car when it comes; "again": a second coordination from the plans and prices of the first. The bound is proven: the
 *   Lagrangian one of the linear relaxations at the prices found, and up to 100 homes that of one program of all if it is better.
 * - desk: the same as it runs, from a database (SQLite) to signed lists of instructions, which go nowhere; how long nothing else
 *   could be done meanwhile, in processor time of the main thread, and what a second plan changes where nothing happened.
 * - intake: rows that wait at a Mosquitto go through link, schema, store and receipt into SQLite and PostgreSQL; beside it a bare
 *   mqtt.js that takes the same messages from the same broker, and plain inserts of the same rows.
 * - process: a whole aggregator over `--database sqlite` or `postgres` with `--homes` simulated ones that send a reading a minute:
 *   receipts, memory, processor time, pauses.
 * - dispatch: from a decision to the last of 1,000 simulated homes that has verified it.
 */
const option = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(name);
  return (at > 0 ? process.argv[at + 1] : undefined) ?? otherwise;
};
const parts: Record<string, (options: PartOptions) => Promise<Part>> = {
  optimise,
  desk,
  intake: intakePart,
  dispatch: dispatchPart,
  process: processPart,
};

const only = option("--only", "");
const options: PartOptions = {
  homes: option("--homes", "100,1000").split(",").map(Number),
  threads: Number(option("--threads", "2")),
  limitKwPerHome: Number(option("--limit-kw", "5.2")),
  database: option("--database", "sqlite") === "postgres" ? "postgres" : "sqlite",
};
const claims: Claim[] = [];
let rows: Part["rows"] = [];
for (const [name, part] of Object.entries(parts)) {
  if (only !== "" && only !== name) continue;
  if (rows.length > 0) console.table(rows);
  console.log(name);
  const done = await part(options);
  ({ rows } = done);
  claims.push(...done.claims);
}
report(rows, claims, process.argv);
