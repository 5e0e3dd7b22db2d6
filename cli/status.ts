import { join } from "node:path";
import { AgentStatus } from "../agent/status.ts";
import { AppError } from "../core/app-error.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { askAgent } from "./ask-agent.ts";
import { exitCode } from "./exit-code.ts";

/** How a running agent stands. @throws AppError agent-unreachable, temporary */
export async function askStatus(socketPath: string): Promise<AgentStatus> {
  const { statusCode, body } = await askAgent(socketPath, { method: "GET", path: "/v1/status" });
  const checked = statusCode === 200 ? AgentStatus.safeParse(body) : null;
  if (checked?.success) return checked.data;
  throw new AppError(
    "agent-unreachable",
    `the agent at ${socketPath} gives no status (${statusCode}: ${String(JSON.stringify(body)).slice(0, 300)}); look at its log`,
    { temporary: true, cause: checked?.error },
  );
}

/** `smart-mla status -c FILE [--json]` */
export async function status(options: { config: string; json?: true }, say: (line: string) => void): Promise<number> {
  const { stateFolder, awaitsEnrolment, aggregator } = readAgentConfig(options.config);
  const now = await askStatus(join(stateFolder, "agent.sock"));
  if (options.json) say(JSON.stringify(now));
  else for (const line of describeStatus(now, whyNone(awaitsEnrolment, aggregator !== undefined))) say(line);
  return exitCode.good;
}

/** Why an agent has no aggregator, by its configuration as it is now. */
function whyNone(awaitsEnrolment: boolean, configured: boolean): string {
  if (awaitsEnrolment) return "not enrolled yet, run smart-mla enrol CODE";
  return configured ? "configured since the agent started, restart it" : "none in the configuration";
}

/** The lines of `smart-mla status`; `noAggregator` is said where the agent has none. */
export function describeStatus(now: AgentStatus, noAggregator = "none in the configuration"): string[] {
  const watts = (value: number | null): string => (value === null ? "power unknown" : `${value} W`);
  const kwh = (value: number | null): string => (value === null ? "-" : `${(value / 1000).toFixed(3)} kWh`);
  return [
    `${now.site} at ${now.at}`,
    ...now.meters.map(
      ({ name, role, powerW, importWh, exportWh, ageS, quality }) =>
        `meter ${name} (${role}): ${watts(powerW)}, import ${kwh(importWh)}, export ${kwh(exportWh)}, ${ageS} s old, ${quality}`,
    ),
    ...now.sensors.map(({ name, temperatureC, ageS }) =>
      temperatureC === null
        ? `sensor ${name}: no temperature yet`
        : `sensor ${name}: ${temperatureC.toFixed(1)} °C, ${ageS} s old`,
    ),
    ...now.appliances.map(
      ({ name, mode, powerW, reason, alarm, planUntil }) =>
        `${name}: ${mode} (${powerW} W), ${reason}${planUntil ? `, plan until ${planUntil}` : ""}${alarm ? `; ALARM: ${alarm}` : ""}`,
    ),
    ...now.overrides.map(({ resource, mode, until }) => `override: ${resource} ${mode} until ${until}`),
    `aggregator: ${now.aggregator === null ? noAggregator : connection(now)}`,
    ...(now.remote ? [`settings from afar: ${remoteWords(now.remote)}`] : []),
    ...(now.settlements.hasLeft ? ["aggregator: NOT FOLLOWED, it has not countersigned what was signed here"] : []),
    ...(now.exchange?.hasLeft ? ["exchange: NOTHING IS ORDERED, it has not countersigned what was signed here"] : []),
    ...(now.exchange?.unsettledSince
      ? [`exchange: NOTHING IS ORDERED, it has not settled what was delivered by ${now.exchange.unsettledSince}`]
      : []),
    ...(now.gridLimit
      ? [`grid operator: ${now.gridLimit.state}, ${now.gridLimit.limitW === null ? "no limit" : `${now.gridLimit.limitW} W`}`]
      : []),
    ...(now.prices ? [`prices: ${priceWords(now.prices)}`] : []),
    ...(now.weather ? [`weather: ${now.weather.provider}, known until ${now.weather.until ?? "-"}${failed(now.weather)}`] : []),
    `rows: ${now.rows} made, ${now.delivered} delivered, ${now.buffered} waiting`,
    `settlements: ${now.settlements.signed} signed, ${now.settlements.countersigned} countersigned, ${now.settlements.disputed} disputed`,
    ...Object.entries(now.rejected).map(([code, count]) => `refused ${code}: ${count}`),
  ];
}

function remoteWords({ revision, state, config, failed: fallen }: NonNullable<AgentStatus["remote"]>): string {
  const values = Object.entries(config).map(([key, value]) => `${key}=${String(value)}`);
  const inForce = revision === null ? "none in force" : `${values.join(" ")}${state === "trying" ? ", on trial" : ""}`;
  return `${inForce}${fallen ? `; the newest that did not stay: ${fallen.code}, ${fallen.message}` : ""}`;
}

function priceWords(prices: NonNullable<AgentStatus["prices"]>): string {
  const words = {
    published: "complete",
    pattern: "some are missing, those of days before stand in",
    none: "some are missing, and none of days before are known, or no tariff holds yet",
  }[prices.state];
  const gaps = prices.gaps > 0 ? `, ${prices.gaps} left out` : "";
  return `${prices.provider}, ${words}, published until ${prices.publishedUntil ?? "-"}${gaps}${failed(prices)}`;
}

function failed({ failure }: { failure: { code: string; message: string } | null }): string {
  return failure ? `; last fetch failed: ${failure.code} ${failure.message}` : "";
}

function connection({ connected, heartbeatAgeS }: AgentStatus): string {
  const heard = heartbeatAgeS === null ? "never" : `${heartbeatAgeS} s ago`;
  return `${connected ? "connected" : "not connected"}, last heartbeat ${heard}`;
}
