import { stderrLog } from "./stderr-log.ts";
import { safeState } from "../agent/safe-state.ts";
import { readAgentConfig } from "./agent-run.ts";
import { exitCode } from "./exit-code.ts";

/** `smart-mla relay failsafe -c FILE`: exit 3 when a relay does not read back as it should. */
export async function relayFailsafe(file: string, say: (line: string) => void): Promise<number> {
  const config = readAgentConfig(file);
  const log = stderrLog("failsafe", config.logLevel);
  const failed = await safeState(config, log);
  say(JSON.stringify({ relays: config.relays.length, failed }));
  return failed.length === 0 ? exitCode.good : exitCode.unreachable;
}
