import { z } from "zod";
import { AgentYaml } from "../agent/config/schema.ts";
import { plainText } from "../core/plain-text.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { readAggregatorConfig } from "./read-aggregator-config.ts";
import { ConfigError } from "./config-error.ts";
import { exitCode } from "./exit-code.ts";

/** Options of both. */
interface CheckOptions {
  config: string;
  json?: true;
}

/** `smart-mla config check -c FILE`: exit 0 good, 2 with `file:line:col path message` for every mistake. */
export function configCheck(options: CheckOptions, say: (line: string) => void): Promise<number> {
  return checked(options, say, () => {
    const config = readAgentConfig(options.config);
    const site = config.site.name;
    const [meters, appliances] = [config.meters, config.appliances].map((all) => all.map(({ name }) => name));
    const said = `good: ${site}, meters ${meters?.join(", ")}, appliances ${appliances?.join(", ") || "none"}`;
    return { facts: { site, meters, appliances }, said };
  });
}

/** `smart-mla aggregator config check -c FILE`: the same for an aggregator's file. */
export function aggregatorConfigCheck(options: CheckOptions, say: (line: string) => void): Promise<number> {
  return checked(options, say, () => {
    const { id, sites, settlement, enrolment } = readAggregatorConfig(options.config);
    const facts = { id, sites: sites.length, settlement: settlement !== undefined, enrolment: enrolment !== undefined };
    const parts = [...(settlement ? ["settlement"] : []), ...(enrolment ? ["enrolment"] : [])];
    return { facts, said: `good: ${id}, ${sites.length} sites, ${parts.join(" and ") || "neither settlement nor enrolment"}` };
  });
}

async function checked(
  options: CheckOptions,
  say: (line: string) => void,
  check: () => { facts: object; said: string },
): Promise<number> {
  try {
    const { facts, said } = check();
    say(options.json ? JSON.stringify({ ok: true, ...facts }) : said);
    return exitCode.good;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (options.json) say(JSON.stringify({ ok: false, code: error.code, issues: error.lines }));
    else for (const line of error.lines) process.stderr.write(`${plainText(line, Infinity)}\n`);
    return exitCode.usage;
  }
}

/** `smart-mla config schema`: the JSON Schema of the agent's YAML file. */
export async function configSchema(say: (line: string) => void): Promise<number> {
  say(JSON.stringify(z.toJSONSchema(AgentYaml, { io: "input", unrepresentable: "any" }), null, 2));
  return exitCode.good;
}
