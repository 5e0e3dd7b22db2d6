import { dirname, resolve } from "node:path";
import { agentConfigFromYaml } from "../agent/config/agent-config-from-yaml.ts";
import type { AgentConfig } from "../agent/config/agent-config.ts";
import { crossCheck } from "../agent/config/cross-check.ts";
import { AgentYaml } from "../agent/config/schema.ts";
import { enrolledLink } from "../agent/enrol/enrolled-link.ts";
import { readConfigFile } from "./config-file.ts";

/**
 * Reads the agent's configuration. In a file of its own, without the agent: what runs after a crash must start fast.
 * @throws ConfigError
 */
export function readAgentConfig(file: string): AgentConfig {
  return agentConfigFromYaml(readConfigFile(file, AgentYaml, crossCheck), dirname(resolve(file)), enrolledLink);
}
