import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { MeterNow } from "../agent/meter-now.ts";
import { AppError } from "../core/app-error.ts";
import { iso } from "../core/clock/clock.ts";
import { parseAs } from "../core/parse-as.ts";
import type { PhaseReading } from "../core/reading.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { askedAgent } from "./ask-agent.ts";
import { exitCode } from "./exit-code.ts";
import { stopRequest } from "./stop-request.ts";

const watchMs = 1000;

/** `smart-mla meter read NAME [--watch] -c FILE [--json]`: the newest believed reading of the running agent. */
export async function meterRead(
  name: string,
  options: { config: string; watch?: true; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const { stateFolder, meters } = readAgentConfig(options.config);
  if (!meters.some((meter) => meter.name === name))
    throw new AppError("usage-unknown-meter", `no meter "${name}"; there are: ${meters.map((meter) => meter.name).join(", ")}`);
  const ask = async (): Promise<MeterNow> =>
    parseAs(
      MeterNow,
      await askedAgent(join(stateFolder, "agent.sock"), { method: "GET", path: `/v1/meters/${name}` }),
      "agent-unreachable",
    );
  const tell = (now: MeterNow): void => say(options.json ? JSON.stringify(now) : forPeople(now));
  const now = await ask();
  if (!options.watch) {
    if (!now.reading)
      throw new AppError("meter-no-reading", `the agent has no reading of ${name} yet; look at its log`, { temporary: true });
    tell(now);
    return exitCode.good;
  }
  const stop = stopRequest();
  tell(now);
  while (!stop.aborted) {
    await sleep(watchMs, undefined, { signal: stop }).catch(() => undefined);
    if (!stop.aborted) tell(await ask());
  }
  return exitCode.good;
}

function forPeople({ name, ageMs, reading }: MeterNow): string {
  if (!reading || ageMs === null) return `${name}: no reading yet`;
  const { receivedMs, powerW, importWh, exportWh, quality, phases } = reading;
  const kwh = (wh: number | null): string => (wh === null ? "-" : `${(wh / 1000).toFixed(3)} kWh`);
  return [
    `${name} ${iso(receivedMs)}: ${powerW === null ? "power unknown" : `${powerW} W`}`,
    `import ${kwh(importWh)}`,
    `export ${kwh(exportWh)}`,
    ...phases.flatMap((phase, index) => phaseFor(phase, index + 1)),
    `${(ageMs / 1000).toFixed(1)} s old`,
    quality,
  ].join(", ");
}

function phaseFor({ voltageV, currentA, powerW }: PhaseReading, number: number): string[] {
  const said = [
    ...(voltageV === undefined ? [] : [`${voltageV} V`]),
    ...(currentA === undefined ? [] : [`${currentA} A`]),
    ...(powerW === undefined ? [] : [`${powerW} W`]),
  ];
  return said.length === 0 ? [] : [`L${number} ${said.join(" ")}`];
}
