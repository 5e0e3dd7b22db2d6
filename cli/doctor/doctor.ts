import { join } from "node:path";
import { readRejected, type StoredRejection } from "../../agent/store/read-rejected.ts";
import type { AgentStatus } from "../../agent/status.ts";
import { errorMessage } from "../../core/app-error.ts";
import { exitCode } from "../exit-code.ts";
import { machineTime } from "../network-time.ts";
import { readAgentConfig } from "../read-agent-config.ts";
import { askStatus } from "../status.ts";
import { writeBundle } from "./bundle.ts";
import { checkAgent } from "./check-agent.ts";
import { checkBacklog } from "./check-backlog.ts";
import { checkChain } from "./check-chain.ts";
import { checkClock } from "./check-clock.ts";
import { checkDisk } from "./check-disk.ts";
import { checkEnrolment, checkFiles, checkSerial } from "./check-files.ts";
import { looked, type Finding } from "./finding.ts";

/**
 * `smart-mla doctor -c FILE [--bundle FILE] [--json]`: looks at all that can be wrong on a gateway, with cause and cure.
 * Exit 1 where something is bad, 0 else.
 * @throws AppError doctor-bundle-not-written
 */
export async function doctor(
  options: { config: string; bundle?: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const config = readAgentConfig(options.config);
  const nowMs = Date.now();
  let status: AgentStatus | null = null;
  const agent = async (): Promise<Finding[]> => {
    try {
      status = await askStatus(join(config.stateFolder, "agent.sock"));
    } catch (error) {
      const fix = "systemctl status smart-mla-agent, and its log: journalctl -u smart-mla-agent";
      return [{ check: "agent", verdict: "bad", seen: errorMessage(error), fix }];
    }
    return checkAgent(status, {
      meters: config.meters.map(({ name }) => name),
      aggregator: config.aggregator !== undefined,
    });
  };
  const { settlement } = config;
  const findings = (
    await Promise.all([
      looked("clock", () => checkClock(nowMs, machineTime)),
      looked("disk", () => checkDisk(config)),
      looked("files", () => [...checkEnrolment(config), ...checkFiles(config, nowMs)]),
      looked("serial ports", () => checkSerial(config)),
      looked("agent", agent),
      looked("backlog", () => checkBacklog(config, nowMs)),
      ...(settlement ? [looked("chain", () => checkChain(settlement))] : []),
    ])
  ).flat();
  if (options.bundle !== undefined) {
    const rejected = rejectedOf(config.databaseFile);
    writeBundle(options.bundle, { findings, status, configFile: options.config, rejected, nowMs });
  }
  if (options.json) say(JSON.stringify({ findings }));
  else {
    for (const { check, verdict, seen, fix } of findings) {
      say(`${verdict.padEnd(8)} ${check}: ${seen}`);
      if (fix !== undefined) say(`         -> ${fix}`);
    }
    if (options.bundle !== undefined)
      say(`${options.bundle}: written without secrets; the meter frames in it are personal, hand it only to whom you trust`);
  }
  return findings.some(({ verdict }) => verdict === "bad") ? exitCode.checkFailed : exitCode.good;
}

/** A database that cannot be read is a finding already. */
function rejectedOf(file: string): StoredRejection[] {
  try {
    return readRejected(file);
  } catch {
    return [];
  }
}
