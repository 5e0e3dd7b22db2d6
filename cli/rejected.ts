import { readRejected } from "../agent/store/read-rejected.ts";
import { iso } from "../core/clock/clock.ts";
import { readAgentConfig } from "./agent-run.ts";
import { exitCode } from "./exit-code.ts";

/** `smart-mla rejected -c FILE [--meter NAME]`: the frames that were not believed, oldest first, with their bytes as hex. */
export function rejected(file: string, options: { meter?: string; json?: true }, say: (line: string) => void): Promise<number> {
  const { databaseFile } = readAgentConfig(file);
  for (const { meter, atMs, code, message, bytes } of readRejected(databaseFile)) {
    if (options.meter !== undefined && meter !== options.meter) continue;
    const hex = Buffer.from(bytes).toString("hex");
    if (options.json) say(JSON.stringify({ at: iso(atMs), meter, code, message, hex }));
    else say(`# ${iso(atMs)} ${meter} ${code}: ${message}\n${hex}`);
  }
  return Promise.resolve(exitCode.good);
}
