import { readRejected } from "../agent/store/read-rejected.ts";
import { AppError } from "../core/app-error.ts";
import { iso } from "../core/clock/clock.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { exitCode } from "./exit-code.ts";

/** `smart-mla rejected -c FILE [--meter NAME]`: the frames that were not believed, oldest first, with their bytes as hex. */
export function rejected(file: string, options: { meter?: string; json?: true }, say: (line: string) => void): Promise<number> {
  const { databaseFile, meters } = readAgentConfig(file);
  const frames = readRejected(databaseFile);
  const known = new Set([...meters.map(({ name }) => name), ...frames.map(({ meter }) => meter)]);
  if (options.meter !== undefined && !known.has(options.meter))
    throw new AppError("usage-unknown-meter", `no meter "${options.meter}" in ${file}; known: ${[...known].join(", ")}`);
  for (const { meter, atMs, code, message, bytes } of frames) {
    if (options.meter !== undefined && meter !== options.meter) continue;
    const hex = Buffer.from(bytes).toString("hex");
    if (options.json) say(JSON.stringify({ at: iso(atMs), meter, code, message, hex }));
    else say(`# ${iso(atMs)} ${meter} ${code}: ${message}\n${hex}`);
  }
  return Promise.resolve(exitCode.good);
}
