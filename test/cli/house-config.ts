import { runCli, startCli, type CliResult, type RunningCli } from "../fake/run-cli.ts";
import type { agentHouse } from "../fake/agent-house.ts";
import { gatewayYaml, writeGateway } from "./gateway-files.ts";

/** The command line beside a house whose agent runs in this process: it needs the folder, and the names of meters and relays. */
export function cliOf({ folder }: Pick<Awaited<ReturnType<typeof agentHouse>>, "folder">): {
  ask(...args: string[]): Promise<CliResult>;
  start(...args: string[]): RunningCli;
} {
  const config = writeGateway(folder, gatewayYaml({ storage: { path: "data.db" } }));
  return { ask: (...args) => runCli([...args, "-c", config]), start: (...args) => startCli([...args, "-c", config]) };
}
