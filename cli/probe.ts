import { stringify } from "yaml";
import { AppError, errorCode, errorMessage } from "../core/app-error.ts";
import { realClock } from "../core/clock/real-clock.ts";
import { heardAt, probeFragment, type FoundMeter, type ProbePlace, type ProbeResult } from "../drivers/probe/probe-result.ts";
import { probe } from "../drivers/probe/probe.ts";
import { exitCode } from "./exit-code.ts";
import { stderrLog } from "./stderr-log.ts";
import { stopRequest } from "./stop-request.ts";
import { wholeNumber } from "./whole-number.ts";

/** Options of the command line, as text. */
export interface ProbeOptions {
  serial?: string;
  tcp?: string;
  modbus?: true;
  timeout?: string;
  json?: true;
}

/** `smart-mla probe`: looks for a meter. Exit 0 found, 1 nothing found, 3 the line cannot be reached. */
export async function probeLine(options: ProbeOptions, say: (line: string) => void): Promise<number> {
  const place = placeOf(options);
  const log = stderrLog("probe");
  const clock = realClock({ onError: (error) => log.error({ code: errorCode(error) }, errorMessage(error)) });
  let result: ProbeResult;
  try {
    result = await probe({
      place,
      modbus: options.modbus === true,
      waitMs: options.timeout === undefined ? undefined : milliseconds(options.timeout),
      after: clock.after,
      signal: stopRequest(),
      trying: (what) => log.info({ what }, "probe"),
    });
  } catch (error) {
    if (options.json && error instanceof AppError && error.temporary) {
      say(JSON.stringify({ ok: false, found: [], cause: { code: error.code, message: error.message }, config: null, heard: [] }));
      return exitCode.unreachable;
    }
    throw error;
  }
  const { found, cause, heard } = result;
  const config = probeFragment(result);
  if (options.json) {
    const lines = heard.map((one) => ({ ...one, settings: heardAt(one.settings) }));
    say(JSON.stringify({ ok: found.length > 0, found, cause, config: config ?? null, heard: lines }));
  } else {
    for (const meter of found) for (const line of shown(meter)) say(`# ${line}`);
    if (config) {
      say("# the roles are a guess: say what each meter measures (grid, pv, load)");
      say(stringify(config).trimEnd());
    }
    if (cause) say(`nothing found: ${cause.message} (${cause.code})`);
    if (found.length === 0)
      for (const { settings, bytes, highBytes, sample } of heard)
        say(`  ${heardAt(settings)}: ${bytes} bytes, ${highBytes} of them above 0x7f${sample === "" ? "" : `: ${sample}`}`);
  }
  return found.length > 0 ? exitCode.good : exitCode.checkFailed;
}

function shown({ family, meter, unit, note }: FoundMeter): string[] {
  const what = `found ${family}${unit === undefined ? "" : ` unit ${unit}`}: ${meter ?? "(no name)"}`;
  return note === null ? [what] : [what, note];
}

function placeOf({ serial, tcp }: ProbeOptions): ProbePlace {
  if ((serial === undefined) === (tcp === undefined))
    throw new AppError("usage-missing-option", "probe needs either --serial PORT or --tcp HOST:PORT");
  if (serial !== undefined) return { kind: "serial", path: serial };
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(tcp ?? "");
  if (!parts) throw new AppError("usage-bad-address", `--tcp must be HOST:PORT, not "${tcp}"`);
  return {
    kind: "tcp",
    host: parts[1] ?? parts[2] ?? "",
    port: wholeNumber("--tcp HOST:PORT", parts[3] ?? "", { least: 1, most: 65_535 }),
  };
}

/** Seconds with up to three decimals, at most ten minutes. */
function milliseconds(text: string): number {
  const ms = /^\d{1,3}(?:\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : 0;
  if (ms < 1 || ms > 600_000)
    throw new AppError("usage-bad-number", `--timeout must be seconds from 0.001 to 600, not "${text}"`);
  return ms;
}
