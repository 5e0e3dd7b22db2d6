import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Board } from "../../bench/boards.ts";
import { unit } from "../../bench/boards.ts";
import type { AgentStatus } from "../../agent/status.ts";
import { askStatus } from "../../cli/status.ts";
import { aggregatorId } from "./aggregator-files.ts";

/** The built agent as a process of its own. */
export interface AgentProcess {
  pid(): number;
  status(): Promise<AgentStatus>;
  /** Its log so far. */
  log(): string;
  stop(): Promise<void>;
}

/** Time of day so many hours from now. */
const utcTime = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);

/**
 * Starts it: a P1 meter, a load on each coil of a board, and a broker. Nothing holds increases back.
 * @param options.stateFolder where its database lies
 */
export async function startAgentProcess(options: {
  folder: string;
  stateFolder: string;
  site: string;
  p1Port: number;
  board?: { board: Pick<Board, "bus">; coils: number };
  brokerUrl?: string;
  publicJwk?: object;
  commitEveryS?: number;
  /** Readings leave the house this often. */
  shareS?: number;
  clockUrl?: string;
  /** With an inspector; its address is in the log. */
  inspect?: boolean;
}): Promise<AgentProcess> {
  const { folder, board, site } = options;
  mkdirSync(folder, { recursive: true });
  const indexes = Array.from({ length: board?.coils ?? 0 }, (_, index) => index);
  const comfort = { energy_wh_per_day: 1, not_before: utcTime(-1), ready_by: utcTime(12) };
  const yaml = {
    version: 1,
    site: {
      name: "Test",
      timezone: "UTC",
      currency: "EUR",
      grid: { phases: 3, fuse_a: 63, max_import_w: 43_000, random_delay_s: 0, max_ramp_w_per_min: 1_000_000_000 },
    },
    buses: { p1: { type: "tcp", host: "127.0.0.1", port: options.p1Port }, ...(board && { board: board.board.bus }) },
    meters: { grid: { role: "grid", driver: "dsmr", bus: "p1" } },
    relays: Object.fromEntries(
      indexes.map((coil) => [`r${coil}`, { driver: "modbus_coil", bus: "board", unit_id: unit, coil, on_boot: "open" }]),
    ),
    appliances: Object.fromEntries(
      indexes.map((index) => [
        `load-${index}`,
        { type: "switched_load", relay: `r${index}`, rated_power_w: 100, min_on_s: 0, min_off_s: 0, comfort },
      ]),
    ),
    ...(options.brokerUrl && {
      aggregator: {
        id: aggregatorId,
        gateway_id: site,
        broker_url: options.brokerUrl,
        control_keys: [options.publicJwk],
      },
    }),
    consent: { share_interval_s: options.shareS ?? 10 },
    storage: { path: join(options.stateFolder, "data.db"), commit_every_s: options.commitEveryS ?? 10 },
    ...(options.clockUrl && { simulation: { clock_url: options.clockUrl } }),
  };
  const configFile = join(folder, "agent.yaml");
  writeFileSync(configFile, stringify(yaml));
  const logFile = join(folder, "agent.log");
  const log = openSync(logFile, "a");
  const child: ChildProcess = spawn(
    process.execPath,
    [
      ...(options.inspect ? ["--inspect=127.0.0.1:0"] : []),
      "--max-semi-space-size=1",
      "dist/main.js",
      "agent",
      "run",
      "-c",
      configFile,
    ],
    {
      stdio: ["pipe", "pipe", log],
      // As the installed command starts it; ends with this process, whatever ends that.
      env: { ...process.env, SMART_MLA_PARENT: "stdin", MALLOC_ARENA_MAX: "1" },
    },
  );
  closeSync(log);
  child.stdin?.on("error", () => undefined);
  const ended = once(child, "exit");
  await Promise.race([
    child.stdout && once(child.stdout, "data"),
    ended.then(() => {
      throw new Error(`the agent ended with ${child.exitCode}: ${readFileSync(logFile, "utf8")}`);
    }),
  ]);
  return {
    pid: () => child.pid ?? 0,
    status: () => askStatus(join(options.stateFolder, "agent.sock")),
    log: () => readFileSync(logFile, "utf8"),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await ended;
      clearTimeout(late);
    },
  };
}
