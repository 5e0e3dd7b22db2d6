import { dirname, resolve } from "node:path";
import { aggregatorConfigFromYaml } from "../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../aggregator/config/schema.ts";
import { startAggregator } from "../aggregator/main.ts";
import { readConfigFile } from "./config-file.ts";
import { runDaemon } from "./daemon.ts";

/** `smart-mla aggregator run -c FILE` */
export async function aggregatorRun(file: string, say: (line: string) => void): Promise<number> {
  const config = aggregatorConfigFromYaml(
    readConfigFile(file, AggregatorYaml, () => []),
    dirname(resolve(file)),
  );
  return runDaemon({
    name: config.id,
    level: config.logLevel,
    ...(config.simulationClockUrl && { clockUrl: config.simulationClockUrl }),
    stateFolder: dirname(config.databaseFile),
    say,
    start: async ({ clock, log }) => {
      const aggregator = await startAggregator({ config, clock, log });
      return { ready: { program: "aggregator", apiUrl: aggregator.apiUrl }, stop: aggregator.stop };
    },
  });
}
