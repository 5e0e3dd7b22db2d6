import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../core/app-error.ts";
import { iso } from "../core/clock/clock.ts";
import { Consent, ConsentScope } from "../core/consent.ts";
import { localDayStart } from "../core/slots.ts";
import { askedAgent } from "./ask-agent.ts";
import { exitCode } from "./exit-code.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { timeOf } from "./time-of.ts";
import { wholeNumber } from "./whole-number.ts";

const what: Record<ConsentScope, string> = {
  readings: "single readings of the grid meter",
  appliances: "energy and switchings of single appliances",
  trades: "sums of what was traded at an exchange",
};

/** `smart-mla consent give SCOPE -c FILE [--every 60] [--until TIME]` and `consent revoke SCOPE -c FILE`. */
export async function sayConsent(
  given: boolean,
  scopeName: string,
  options: { config: string; every?: string; until?: string },
  say: (line: string) => void,
): Promise<number> {
  const scope = ConsentScope.safeParse(scopeName).data;
  if (!scope)
    throw new AppError("usage-bad-kind", `"${scopeName}" is nothing to consent to; there are ${ConsentScope.options.join(", ")}`);
  const { stateFolder, site } = readAgentConfig(options.config);
  const body = {
    scope,
    given,
    ...(options.every !== undefined && { everyS: wholeNumber("--every", options.every, { least: 10, most: 899 }) }),
    ...(options.until !== undefined && { untilMs: endOf(options.until, site.timezone) }),
  };
  const consent = Consent.parse(await askedAgent(join(stateFolder, "agent.sock"), { method: "PUT", path: "/v1/consent", body }));
  say(told(consent));
  return exitCode.good;
}

/** `smart-mla consent show -c FILE [--json]`: what the household allows its aggregator to see. */
export async function showConsents(options: { config: string; json?: true }, say: (line: string) => void): Promise<number> {
  const { stateFolder } = readAgentConfig(options.config);
  const answer = await askedAgent(join(stateFolder, "agent.sock"), { method: "GET", path: "/v1/consent" });
  const { items } = z.object({ items: z.array(Consent) }).parse(answer);
  if (options.json) say(JSON.stringify({ items }));
  else
    for (const scope of ConsentScope.options) {
      const consent = items.find((one) => one.scope === scope);
      say(consent ? told(consent) : `${scope}: not given (${what[scope]} stay in the house)`);
    }
  return exitCode.good;
}

function told({ scope, given, everyS, until, at, by, aggregator }: Consent): string {
  if (!given) return `${scope}: not given, taken back at ${at} by the ${by} (${what[scope]} stay in the house)`;
  const every = everyS === undefined ? "" : `, every ${everyS} s at most`;
  const ended = until !== null && Date.parse(until) <= Date.now() ? " (over)" : "";
  return `${scope}: given to ${aggregator} at ${at} by the ${by}: ${what[scope]}${every}, ${until === null ? "until taken back" : `until ${until}${ended}`}`;
}

/** @throws AppError usage-bad-time */
function endOf(text: string, zone: string): number {
  const atMs = localDayStart(text, zone) ?? timeOf(text, zone, Date.now());
  if (atMs === undefined)
    throw new AppError("usage-bad-time", `--until ${text} is no time; write it as 2027-01-01 or 2027-01-01T12:00 (in ${zone})`);
  if (atMs <= Date.now()) throw new AppError("usage-bad-time", `--until ${text} (${iso(atMs)}) is over already`);
  return atMs;
}
