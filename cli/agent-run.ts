import { startAgent } from "../agent/main.ts";
import { runDaemon } from "./daemon.ts";
import { programVersion } from "./program-version.ts";
import { readAgentConfig } from "./read-agent-config.ts";

/** `smart-mla agent run -c FILE` */
export async function agentRun(file: string, say: (line: string) => void): Promise<number> {
  const config = readAgentConfig(file);
  return runDaemon({
    name: config.aggregator?.gatewayId ?? "agent",
    level: config.logLevel,
    ...(config.simulationClockUrl && { clockUrl: config.simulationClockUrl }),
    stateFolder: config.stateFolder,
    say,
    start: async ({ clock, log, setLogLevel }) => {
      const agent = await startAgent({ config, clock, log, setLogLevel, version: programVersion() });
      return { ready: { program: "agent" }, lastAliveMs: agent.lastPassMs, failed: agent.failed, stop: agent.stop };
    },
  });
}
