import { startAggregator } from "../../aggregator/main.ts";
import { runDaemon } from "../daemon.ts";
import { programVersion } from "../program-version.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";

/** `smart-mla aggregator run -c FILE` */
export async function aggregatorRun(file: string, say: (line: string) => void): Promise<number> {
  const config = readAggregatorConfig(file);
  return runDaemon({
    name: config.id,
    level: config.logLevel,
    ...(config.simulationClockUrl && { clockUrl: config.simulationClockUrl }),
    stateFolder: config.stateFolder,
    say,
    start: async ({ clock, log, asked }) => {
      const aggregator = await startAggregator({ config, clock, log, version: programVersion(), signal: asked });
      const { apiUrl, enrolmentPort, failed } = aggregator;
      const ready = { program: "aggregator", apiUrl, ...(enrolmentPort !== undefined && { enrolmentPort }) };
      return { ready, ...(failed && { failed }), stop: aggregator.stop };
    },
  });
}
