import { join } from "node:path";
import { loadSolver } from "../planner/exact/solve-milp.ts";
import { cityData, missingCityFiles } from "./citylearn/city-data.ts";
import { communityPart } from "./market/community-part.ts";
import { exchangePart, type Part } from "./market/exchange-part.ts";
import { report } from "./report.ts";
import { roundsPart } from "./market/rounds-part.ts";

/**
 * `npm run bench:market [-- --json] [--only exchange|community|rounds] [--books 20] [--orders 100000] [--turns 7] [--days 30] [--instances 20] [--homes 10000]`:
 * the markets in parts; without --only all of them, one after the other. The community needs the data of CityLearn 2022.
 */
const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(name);
  return at > 0 ? Number(process.argv[at + 1]) : otherwise;
};
const folder = join(import.meta.dirname, "../../shared/data");
/** Parts that could not run, with what they need. */
const leftOut: string[] = [];
const parts: Record<string, () => Promise<Part>> = {
  exchange: async () =>
    exchangePart(await loadSolver(), {
      books: option("--books", 20),
      orders: option("--orders", 100_000),
      turns: option("--turns", 7),
    }),
  async community() {
    const missing = missingCityFiles(folder);
    if (missing.length > 0) {
      leftOut.push(
        `bench:market --only community needs the CityLearn 2022 data, which is not part of this project: put ${missing.join(", ")} into ${folder}`,
      );
      return { rows: [], claims: [] };
    }
    // Nine months into the data's year: spring.
    return communityPart(cityData(folder), { homes: 100, days: option("--days", 30), firstHour: 39 * 7 * 24 });
  },
  rounds: async () =>
    roundsPart(await loadSolver(), { instances: option("--instances", 20), homes: option("--homes", 10_000), aggregators: 4 }),
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
for (const why of leftOut) console.error(why);
if (leftOut.length > 0) process.exitCode = 1;
