import { defineConfig } from "vitest/config";
import { postgresFolder } from "./test/fake/postgres.ts";

/** Tests of what the aggregator stores run over both of its databases. */
const overBoth = ["test/aggregator/{store,intake,settle,share,dispatch,forecast,optimise,retain}/**/*.test.ts"];
const waiting = { testTimeout: 60_000, hookTimeout: 60_000, setupFiles: ["test/fixed-draws.ts"] };

export default defineConfig({
  test: {
    // Real processes and sockets: more files at once than cores only makes them wait for each other.
    maxWorkers: 2,
    projects: [
      { test: { ...waiting, name: "tests", include: ["test/**/*.test.ts"], globalSetup: ["test/build-once.ts"] } },
      // Where it is missing, test/aggregator/open-postgres.test.ts says so by name, or fails with REQUIRE_PEERS=1.
      ...(postgresFolder() === undefined
        ? []
        : [{ test: { ...waiting, name: "postgres", include: overBoth, globalSetup: ["test/postgres-once.ts"] } }]),
    ],
    coverage: {
      include: ["core", "planner", "settlement", "drivers", "agent", "aggregator", "market", "simulator", "cli"],
      reporter: ["text-summary"],
    },
  },
});
