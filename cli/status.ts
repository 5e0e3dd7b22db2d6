import { request } from "node:http";
import { join } from "node:path";
import { AgentStatus } from "../agent/status.ts";
import { AppError, errorMessage } from "../core/app-error.ts";
import { readAgentConfig } from "./agent-run.ts";
import { exitCode } from "./exit-code.ts";

/** Asks a running agent over its socket. @throws AppError agent-unreachable, temporary */
export async function askStatus(socketPath: string): Promise<AgentStatus> {
  const { statusCode, body } = await get(socketPath);
  const checked = statusCode === 200 ? AgentStatus.safeParse(parseJson(body)) : null;
  if (checked?.success) return checked.data;
  throw new AppError(
    "agent-unreachable",
    `the agent at ${socketPath} gives no status (${statusCode}: ${body.slice(0, 300)}); look at its log`,
    { temporary: true, cause: checked?.error },
  );
}

async function get(socketPath: string): Promise<{ statusCode: number | undefined; body: string }> {
  const answer = Promise.withResolvers<{ statusCode: number | undefined; body: string }>();
  const asking = request({ socketPath, path: "/v1/status", timeout: 5000 }, (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    response.on("end", () => answer.resolve({ statusCode: response.statusCode, body }));
  });
  asking.on("timeout", () => asking.destroy(new Error("no answer within 5 s")));
  asking.on("error", answer.reject);
  asking.end();
  try {
    return await answer.promise;
  } catch (cause) {
    throw new AppError(
      "agent-unreachable",
      `no agent answers at ${socketPath} (${errorMessage(cause)}); is it running, and are you its user or root?`,
      {
        temporary: true,
        cause,
      },
    );
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `smart-mla status -c FILE [--json]` */
export async function status(options: { config: string; json?: true }, say: (line: string) => void): Promise<number> {
  const now = await askStatus(join(readAgentConfig(options.config).stateFolder, "agent.sock"));
  if (options.json) say(JSON.stringify(now));
  else for (const line of describe(now)) say(line);
  return exitCode.good;
}

function describe(now: AgentStatus): string[] {
  const watts = (value: number | null): string => (value === null ? "power unknown" : `${value} W`);
  const kwh = (value: number | null): string => (value === null ? "-" : `${(value / 1000).toFixed(3)} kWh`);
  return [
    `${now.site} at ${now.at}`,
    ...now.meters.map(
      ({ name, role, powerW, importWh, exportWh, ageS, quality }) =>
        `meter ${name} (${role}): ${watts(powerW)}, import ${kwh(importWh)}, export ${kwh(exportWh)}, ${ageS} s old, ${quality}`,
    ),
    ...now.appliances.map(
      ({ name, on, reason, planUntil }) =>
        `${name}: ${on ? "on" : "off"}, ${reason}${planUntil ? `, plan until ${planUntil}` : ""}`,
    ),
    `aggregator: ${now.connected ? "connected" : "not connected"}, last heartbeat ${now.heartbeatAgeS === null ? "never" : `${now.heartbeatAgeS} s ago`}`,
    `rows: ${now.rows} made, ${now.delivered} delivered, ${now.buffered} waiting`,
    `settlements: ${now.settlements.signed} signed, ${now.settlements.countersigned} countersigned, ${now.settlements.disputed} disputed`,
    ...Object.entries(now.rejected).map(([code, count]) => `refused ${code}: ${count}`),
  ];
}
