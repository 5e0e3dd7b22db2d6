import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { runCli } from "../../fake/run-cli.ts";
import { aggregatorFiles } from "./aggregator-files.ts";

const time = ["--from", "2026-03-01T00:00:00Z", "--to", "2026-04-01T00:00:00Z"];

it.each([["rewards", ...time], ["audit-log"], ["disputes", "list"], ["export", "slots", ...time, "--format", "csv"]])(
  "aggregator %s reads what an aggregator has kept, and makes no database where none ever ran",
  async (...verb) => {
    const config = aggregatorFiles();
    const { code, err } = await runCli(["aggregator", ...verb, "-c", config]);
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/store-unusable: no database .*data\.db; has the aggregator ever run/),
    ]);
    expect(existsSync(join(dirname(config), "state/data.db"))).toBe(false);
  },
);
