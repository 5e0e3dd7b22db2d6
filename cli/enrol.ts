import type { Enrolled } from "../agent/enrol/enrol.ts";
import { AppError } from "../core/app-error.ts";
import { iso } from "../core/clock/clock.ts";
import { exitCode } from "./exit-code.ts";
import { readAgentConfig } from "./read-agent-config.ts";

/** Options of the command line. */
interface EnrolOptions {
  config: string;
  renew?: true;
  now?: true;
  json?: true;
}

/**
 * `smart-mla enrol CODE -c FILE [--json]`: certificate, pinned keys and the broker's address from the aggregator.
 * `smart-mla enrol --renew -c FILE [--now]`: a new certificate before the present one runs out.
 * @throws AppError usage-enrol, and as enrol
 */
export async function enrolGateway(
  code: string | undefined,
  options: EnrolOptions,
  say: (line: string) => void,
): Promise<number> {
  if ((code === undefined) !== (options.renew === true))
    throw new AppError("usage-enrol", "give either the CODE that the operator printed, or --renew");
  const { stateFolder } = readAgentConfig(options.config);
  // The library of certificates is heavy: only here.
  const { enrol, renewEnrolment } = await import("../agent/enrol/enrol.ts");
  const now: Enrolled & { renewed?: boolean } =
    code === undefined
      ? await renewEnrolment(stateFolder, { now: options.now === true, nowMs: Date.now() })
      : await enrol(stateFolder, code);
  const until = iso(now.untilMs);
  if (options.json) {
    const { untilMs: _, ...facts } = now;
    say(JSON.stringify({ ...facts, until }));
  } else if (now.renewed === false) say(`${now.gatewayId}: the certificate is good until ${until}, nothing to do`);
  else {
    say(`${now.gatewayId}: ${now.renewed ? "renewed" : `enrolled with ${now.aggregator}`}, certificate good until ${until}`);
    if (!now.renewed) {
      say(`broker ${now.brokerUrl}, control keys ${now.controlKeys.join(", ")}`);
      say("in agent.yaml: aggregator: { enrolled: true }; then restart the agent");
    }
  }
  return exitCode.good;
}
