import { z } from "zod";
import { AgentYaml } from "../agent/config/schema.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { ConfigError } from "./config-error.ts";
import { exitCode } from "./exit-code.ts";

/** `smart-mla config check -c FILE`: exit 0 good, 2 with `file:line:col path message` for every mistake. */
export async function configCheck(options: { config: string; json?: true }, say: (line: string) => void): Promise<number> {
  try {
    const config = readAgentConfig(options.config);
    const summary = {
      ok: true,
      site: config.site.name,
      meters: config.meters.map(({ name }) => name),
      appliances: config.appliances.map(({ name }) => name),
    };
    say(
      options.json
        ? JSON.stringify(summary)
        : `good: ${summary.site}, meters ${summary.meters.join(", ")}, appliances ${summary.appliances.join(", ") || "none"}`,
    );
    return exitCode.good;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (options.json) say(JSON.stringify({ ok: false, code: error.code, issues: error.lines }));
    else for (const line of error.lines) process.stderr.write(`${line}\n`);
    return exitCode.usage;
  }
}

/** `smart-mla config schema`: the JSON Schema of the agent's YAML file. */
export async function configSchema(say: (line: string) => void): Promise<number> {
  say(JSON.stringify(z.toJSONSchema(AgentYaml, { io: "input", unrepresentable: "any" }), null, 2));
  return exitCode.good;
}
