import { join } from "node:path";
import { AppError } from "../core/app-error.ts";
import { askedAgent, isAgentGone } from "./ask-agent.ts";

/** For what must not be done beside an agent; one that hangs counts as running. @throws AppError agent-running */
export async function demandStopped(stateFolder: string): Promise<void> {
  try {
    await askedAgent(join(stateFolder, "agent.sock"), { method: "GET", path: "/v1/status" });
  } catch (error) {
    if (isAgentGone(error)) return;
  }
  throw new AppError("agent-running", `an agent runs with ${stateFolder}; stop it first (systemctl stop smart-mla-agent)`);
}
