import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/build-once.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Real processes and sockets: more files at once than cores only makes them wait for each other.
    maxWorkers: 2,
    coverage: {
      include: ["core", "planner", "settlement", "drivers", "agent", "aggregator", "market", "simulator", "cli"],
      reporter: ["text-summary"],
    },
  },
});
