import { resolve } from "node:path";
import { backUp, restore } from "../agent/store/copy-database.ts";
import { countedRows } from "./counted-rows.ts";
import { demandStopped } from "./demand-stopped.ts";
import { exitCode } from "./exit-code.ts";
import { readAgentConfig } from "./read-agent-config.ts";

interface CopyOptions {
  config: string;
  json?: true;
}

/** `smart-mla backup FILE -c CONFIG [--json]`: a checked copy of the agent's database; the agent may go on running. */
export function backupDatabase(file: string, options: CopyOptions, say: (line: string) => void): Promise<number> {
  const copy = backUp(readAgentConfig(options.config).databaseFile, resolve(file));
  say(options.json ? JSON.stringify(copy) : `${copy.file}: ${copy.bytes} bytes, read back whole; ${countedRows(copy.rows)}`);
  return Promise.resolve(exitCode.good);
}

/**
 * `smart-mla restore FILE -c CONFIG [--json]`: puts a backup in the place of the database; the agent must be stopped.
 * @throws AppError agent-running, and as restore
 */
export async function restoreDatabase(file: string, options: CopyOptions, say: (line: string) => void): Promise<number> {
  const { databaseFile, stateFolder } = readAgentConfig(options.config);
  await demandStopped(stateFolder);
  const copy = restore(resolve(file), databaseFile, Date.now());
  if (options.json) say(JSON.stringify(copy));
  else {
    say(`${copy.file}: restored and read back whole; ${countedRows(copy.rows)}`);
    if (copy.aside) say(`what was there lies in ${copy.aside}`);
    say("settlement waits until the newest co-signed records are back from the aggregator");
  }
  return exitCode.good;
}
