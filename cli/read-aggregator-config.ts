import { dirname, resolve } from "node:path";
import { aggregatorConfigFromYaml, type AggregatorConfig } from "../aggregator/config/aggregator-config.ts";
import { crossCheck } from "../aggregator/config/cross-check.ts";
import { AggregatorYaml } from "../aggregator/config/schema.ts";
import { readConfigFile } from "./config-file.ts";

/** Reads the aggregator's configuration. @throws ConfigError */
export function readAggregatorConfig(file: string): AggregatorConfig {
  return aggregatorConfigFromYaml(readConfigFile(file, AggregatorYaml, crossCheck), dirname(resolve(file)));
}
