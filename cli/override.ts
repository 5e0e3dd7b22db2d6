import { join } from "node:path";
import { AppError } from "../core/app-error.ts";
import { iso } from "../core/clock/clock.ts";
import type { OverrideMode } from "../core/message/resource.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { askedAgent, type Ask } from "./ask-agent.ts";
import { exitCode } from "./exit-code.ts";

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
  const untilMs = endOf(options, Date.now());
  await tell(options.config, { method: "PUT", path: "/v1/override", body: { resource, mode, untilMs } });
  say(`${resource}: ${mode} until ${iso(untilMs)}`);
  return exitCode.good;
}

/** `smart-mla override clear NAME`: back to the plan. */
export async function clearOverride(resource: string, options: { config: string }, say: (line: string) => void): Promise<number> {
  await tell(options.config, { method: "DELETE", path: `/v1/override/${encodeURIComponent(resource)}` });
  say(`${resource}: by plan`);
  return exitCode.good;
}

async function tell(config: string, ask: Ask): Promise<void> {
  await askedAgent(join(readAgentConfig(config).stateFolder, "agent.sock"), ask);
}

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 };

/** @throws AppError usage-bad-time */
function endOf({ for: length, until }: OverrideOptions, nowMs: number): number {
  if ((length === undefined) === (until === undefined))
    throw new AppError(
      "usage-bad-time",
      "give either --for, such as 90m, 2h or 14d, or --until, an instant such as 2026-12-27T18:00:00Z",
    );
  if (length !== undefined) {
    const [, count, unit = ""] = /^(\d{1,5})([mhd])$/.exec(length) ?? [];
    if (count === undefined) throw new AppError("usage-bad-time", `--for ${length} is no time; write it as 90m, 2h or 14d`);
    return nowMs + Number(count) * (unitMs[unit] ?? 0);
  }
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(until ?? "") ? Date.parse(until ?? "") : Number.NaN;
  if (Number.isNaN(at)) throw new AppError("usage-bad-time", `--until ${until} is no instant; write it as 2026-12-27T18:00:00Z`);
  return at;
}
