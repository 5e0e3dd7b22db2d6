import { join } from "node:path";
import { stderrLog } from "./stderr-log.ts";
import { safeState } from "../agent/safe-state.ts";
import { AppError, errorMessage } from "../core/app-error.ts";
import { realClock } from "../core/clock/real-clock.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { askAgent, isAgentGone, isAgentHung } from "./ask-agent.ts";
import { exitCode } from "./exit-code.ts";

/**
 * `smart-mla relay failsafe -c FILE`: exit 3 when a relay does not read back as it should. Where an agent answers it
 * switches nothing: two masters on one line hurt each other's frames, and the agent would switch back. Nor where one may
 * be and cannot be asked, as by another user. One that hangs leaves the relays as they are, so they are made safe beside it.
 */
export async function relayFailsafe(file: string, say: (line: string) => void): Promise<number> {
  const config = readAgentConfig(file);
  const log = stderrLog("failsafe", config.logLevel);
  if (await agentAnswers(config.stateFolder))
    throw new AppError("agent-running", "the agent answers and has the relays; stop it first (systemctl stop smart-mla-agent)");
  const clock = realClock({ onError: (error) => log.error({ error: errorMessage(error) }, "unexpected") });
  const failed = await safeState(config, clock, log);
  say(JSON.stringify({ relays: config.relays.length, failed }));
  return failed.length === 0 ? exitCode.good : exitCode.unreachable;
}

async function agentAnswers(stateFolder: string): Promise<boolean> {
  try {
    await askAgent(join(stateFolder, "agent.sock"), { method: "GET", path: "/v1/status" });
    return true;
  } catch (error) {
    if (isAgentGone(error) || isAgentHung(error)) return false;
    throw error;
  }
}
