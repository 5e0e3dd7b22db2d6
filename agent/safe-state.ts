import { errorCode, errorMessage } from "../core/app-error.ts";
import type { Log } from "../core/log.ts";
import { makeRelay } from "../drivers/registry.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { openBuses } from "./open-buses.ts";

/**
 * Puts every relay into its declared safe state without anything else of the agent: what ExecStopPost runs after a crash.
 * Tries all of them, three times each. @returns names of relays that do not read back as they should
 */
export async function safeState(config: AgentConfig, log: Log): Promise<string[]> {
  const buses = openBuses(config.buses);
  const failed: string[] = [];
  for (const { safeClosed, ...relayConfig } of config.relays) {
    const relay = await makeRelay(relayConfig, {
      name: relayConfig.name,
      stamp: () => ({ receivedMs: 0, clockSynced: false }),
      bus: (kind) => buses.bus(relayConfig.bus, kind),
    });
    let safe = false;
    for (let attempt = 1; attempt <= 3 && !safe; attempt++)
      try {
        await relay.set(safeClosed);
        safe = (await relay.isClosed()) === safeClosed;
      } catch (error) {
        log.warn(
          { relay: relay.name, attempt, code: errorCode(error), error: errorMessage(error) },
          "relay not put into its safe state",
        );
      }
    if (safe) log.info({ relay: relay.name, closed: safeClosed }, "relay in its safe state");
    else failed.push(relay.name);
  }
  await buses.close();
  return failed;
}
