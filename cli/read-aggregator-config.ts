import { dirname, resolve } from "node:path";
import { aggregatorConfigFromYaml, type AggregatorConfig } from "../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../aggregator/config/schema.ts";
import { readConfigFile } from "./config-file.ts";

/** Reads the aggregator's configuration. @throws ConfigError */
export function readAggregatorConfig(file: string): AggregatorConfig {
  return aggregatorConfigFromYaml(
    readConfigFile(file, AggregatorYaml, () => []),
    dirname(resolve(file)),
  );
}
