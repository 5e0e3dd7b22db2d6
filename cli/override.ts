import { join } from "node:path";
import type { AgentConfig } from "../agent/config/agent-config.ts";
import { AppError } from "../core/app-error.ts";
import { iso } from "../core/clock/clock.ts";
import type { OverrideMode } from "../core/message/resource.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { askedAgent, type Ask } from "./ask-agent.ts";
import { exitCode } from "./exit-code.ts";
import { spanMs } from "./span-ms.ts";
import { timeOf } from "./time-of.ts";

/** Options of the command line, as text. */
export interface OverrideOptions {
  config: string;
  for?: string;
  until?: string;
}

/** `smart-mla override boost|pause|holiday NAME`: the resident's word on one appliance. */
export async function setOverride(
  mode: OverrideMode,
  resource: string,
  options: OverrideOptions,
  say: (line: string) => void,
): Promise<number> {
  const config = readAgentConfig(options.config);
  const { timezone } = config.site;
  const untilMs = endOf(options, timezone, Date.now());
  await tell(config, { method: "PUT", path: "/v1/override", body: { resource, mode, untilMs } });
  say(`${resource}: ${mode} until ${localDay(untilMs, timezone)} (${iso(untilMs)})`);
  return exitCode.good;
}

/** `smart-mla override clear NAME`: back to the plan. */
export async function clearOverride(resource: string, options: { config: string }, say: (line: string) => void): Promise<number> {
  await tell(readAgentConfig(options.config), { method: "DELETE", path: `/v1/override/${encodeURIComponent(resource)}` });
  say(`${resource}: by plan`);
  return exitCode.good;
}

async function tell({ stateFolder }: AgentConfig, ask: Ask): Promise<void> {
  await askedAgent(join(stateFolder, "agent.sock"), ask);
}

/** Such as "Sun 27 Dec 18:00", on the house's clocks. */
function localDay(atMs: number, timeZone: string): string {
  const format = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } as const;
  return new Intl.DateTimeFormat("en-GB", { timeZone, ...format }).format(atMs).replaceAll(",", "");
}

/** @throws AppError usage-bad-time */
function endOf({ for: length, until }: OverrideOptions, zone: string, nowMs: number): number {
  if ((length === undefined) === (until === undefined))
    throw new AppError(
      "usage-bad-time",
      "give either --for, such as 90m, 2h or 14d, or --until, such as 18:00 or 2026-12-27T18:00",
    );
  if (length !== undefined) {
    const lengthMs = spanMs(length);
    if (lengthMs === undefined) throw new AppError("usage-bad-time", `--for ${length} is no time; write it as 90m, 2h or 14d`);
    return nowMs + lengthMs;
  }
  const at = timeOf(until ?? "", zone, nowMs);
  if (at === undefined)
    throw new AppError(
      "usage-bad-time",
      `--until ${until} is no time; write it as 18:00 or 2026-12-27T18:00 (local), or as 2026-12-27T17:00:00Z`,
    );
  return at;
}
