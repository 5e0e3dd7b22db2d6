import { defineConfig } from "vitest/config";

/** Slow suites, run by hand; reports go to docs/reports. */
export default defineConfig({
  test: { include: ["test/**/*.nightly.ts"], testTimeout: 1_800_000, hookTimeout: 120_000, maxWorkers: 1 },
});
