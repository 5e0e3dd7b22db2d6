import { startWorker } from "../../aggregator/worker.ts";
import { runDaemon } from "../daemon.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";

/** `smart-mla aggregator worker -c FILE` */
export async function aggregatorWorker(file: string, say: (line: string) => void): Promise<number> {
  const config = readAggregatorConfig(file);
  return runDaemon({
    name: config.id,
    level: config.logLevel,
    ...(config.simulationClockUrl && { clockUrl: config.simulationClockUrl }),
    say,
    start: async ({ clock, log }) => {
      const { worker, stop } = await startWorker({ config, clock, log });
      return { ready: { program: "aggregator worker", worker }, stop };
    },
  });
}
