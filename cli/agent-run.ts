import { dirname, resolve } from "node:path";
import { agentConfigFromYaml } from "../agent/config/agent-config-from-yaml.ts";
import { crossCheck } from "../agent/config/cross-check.ts";
import { AgentYaml } from "../agent/config/schema.ts";
import type { AgentConfig } from "../agent/config/agent-config.ts";
import { startAgent } from "../agent/main.ts";
import { readConfigFile } from "./config-file.ts";
import { runDaemon } from "./daemon.ts";

/** Reads the agent's configuration. @throws ConfigError */
export function readAgentConfig(file: string): AgentConfig {
  return agentConfigFromYaml(readConfigFile(file, AgentYaml, crossCheck), dirname(resolve(file)));
}

/** `smart-mla agent run -c FILE` */
export async function agentRun(file: string, say: (line: string) => void): Promise<number> {
  const config = readAgentConfig(file);
  return runDaemon({
    name: config.aggregator?.gatewayId ?? "agent",
    level: config.logLevel,
    ...(config.simulationClockUrl && { clockUrl: config.simulationClockUrl }),
    stateFolder: config.stateFolder,
    say,
    start: async ({ clock, log }) => {
      const agent = await startAgent({ config, clock, log });
      return { ready: { program: "agent" }, lastAliveMs: agent.lastPassMs, failed: agent.failed, stop: agent.stop };
    },
  });
}
