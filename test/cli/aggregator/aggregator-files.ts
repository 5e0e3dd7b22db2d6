import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../../fake/scratch.ts";

/** The configuration of an aggregator with three homes, the first on feeder elm, in a folder of the test; gives its file. */
export function aggregatorFiles(): string {
  const folder = scratch("aggregator-files");
  const config = join(folder, "aggregator.yaml");
  writeFileSync(
    config,
    `version: 1
id: community
broker: { url: "mqtt://127.0.0.1:1883" }
control_key_file: control.json
sites: { gw-1: {}, gw-2: {}, gw-3: {} }
feeders: { elm: { import_limit_w: 50000, sites: [gw-1] } }
prices_file: prices.json
storage: { path: state/data.db }
`,
  );
  mkdirSync(join(folder, "state"));
  return config;
}
