import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import mqtt, { type MqttClient } from "mqtt";
import { stringify } from "yaml";
import { askStatus } from "../cli/status.ts";
import { createControlKey, importControlKey, signEnvelope } from "../core/envelope.ts";
import type { Log } from "../core/log.ts";
import { runBroker } from "../simulator/broker/run-broker.ts";
import { encodeP1 } from "../simulator/meter/p1-encoder.ts";
import { startP1Server } from "../simulator/meter/p1-server.ts";
import { monotonicMs, unit, type Board } from "./boards.ts";

const aggregator = "bench";
const site = "gw-bench";
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The built agent as a process of its own, with a broker, a meter at one telegram a second and a relay board. */
export interface AgentRig {
  agent: ChildProcess;
  /** Wall time from spawn until the agent says that it has a reading, ms; asked every 10 ms. */
  firstReadingMs(): Promise<number>;
  /** Resolves once the agent hears what is sent to it. */
  online: Promise<void>;
  /** Sends a signed schedule for one appliance; resolves with the times until the coil was written, ms. */
  command(index: number, on: boolean): Promise<{ fromSigningMs: number; fromSendingMs: number }>;
  stop(): Promise<void>;
}

/**
 * @param command the installed command, as deploy/stage.ts lays it out
 * @param coils contacts of the board, and so appliances of the agent
 */
export async function startAgentRig(command: string, board: Board, coils: number): Promise<AgentRig> {
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-bench-"));
  const stopping = new AbortController();
  const broker = Promise.withResolvers<number>();
  const brokerEnd = runBroker({
    port: 0,
    log: silent,
    signal: stopping.signal,
    say: (line) => broker.resolve((JSON.parse(line) as { port: number }).port),
  });
  const p1 = await startP1Server(0);
  const waiting = new Map<number, (atMs: number) => void>();
  board.onWrite = (coil, _on, atMs) => waiting.get(coil)?.(atMs);
  const { privateJwk, publicJwk } = await createControlKey("bench");
  const key = await importControlKey(privateJwk);
  const brokerPort = await broker.promise;
  const configFile = join(folder, "agent.yaml");
  writeFileSync(configFile, stringify(configOf({ p1: p1.port, bus: board.bus, coils, broker: brokerPort, publicJwk, folder })));
  const client: MqttClient = await mqtt.connectAsync(`mqtt://127.0.0.1:${brokerPort}`, { protocolVersion: 4 });
  const stateTopic = `sma/1/${aggregator}/${site}/up/state`;
  const online = new Promise<void>((resolve) => client.on("message", (topic) => topic === stateTopic && resolve()));
  await client.subscribeAsync(stateTopic, { qos: 1 });

  let seq = 0;
  let wh = 1_000_000;
  const telegrams = setInterval(() => p1.send(telegram((wh += 1))), 1000);
  const startedMs = performance.now();
  const agent = spawn(command, ["agent", "run", "-c", configFile], {
    stdio: ["pipe", "ignore", "inherit"],
    // Ends with this process, whatever ends that.
    env: { ...process.env, SMART_MLA_PARENT: "stdin" },
  });
  return {
    agent,
    online,
    async firstReadingMs() {
      while (performance.now() - startedMs < 30_000) {
        const status = await askStatus(join(folder, "state", "agent.sock")).catch(() => null);
        if (status && status.readings > 0) return performance.now() - startedMs;
        await delay(10);
      }
      throw new Error("the agent had no reading within 30 s");
    },
    async command(index, on) {
      const nowMs = Date.now();
      const written = Promise.withResolvers<number>();
      waiting.set(index, written.resolve);
      const late = setTimeout(() => written.reject(new Error("nothing was written within 10 s of a command")), 10_000);
      const resource = `load-${index}`;
      const times = { executionTime: new Date(nowMs - 1000).toISOString(), validUntil: new Date(nowMs + 600_000).toISOString() };
      const body = {
        plan: crypto.randomUUID(),
        resource,
        instructions: [{ id: crypto.randomUUID(), ...times, operationModeId: on ? "on" : "off", reason: "bench" }],
      };
      const signingMs = monotonicMs();
      const text = await signEnvelope(key, { type: "instruction", site, seq: ++seq, nowMs, lifetimeS: 600, body });
      const sendingMs = monotonicMs();
      await client.publishAsync(`sma/1/${aggregator}/${site}/dn/instr/${resource}`, text, { qos: 1 });
      const atMs = await written.promise;
      clearTimeout(late);
      waiting.delete(index);
      return { fromSigningMs: atMs - signingMs, fromSendingMs: atMs - sendingMs };
    },
    async stop() {
      clearInterval(telegrams);
      agent.kill("SIGTERM");
      if (agent.exitCode === null && agent.signalCode === null) await once(agent, "exit");
      await client.endAsync(true);
      stopping.abort();
      await brokerEnd;
      await p1.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function telegram(importWh: number): Buffer {
  return encodeP1({
    ident: "BEN5\\2BENCH-0001",
    meterId: "E0000000000000001",
    gasId: "G0000000000000001",
    atS: Math.floor(Date.now() / 1000),
    offsetS: 3600,
    tariff: 1,
    importWh: [importWh, 2_000_000],
    exportWh: [0, 0],
    powerW: 800,
    phases: [1, 2, 3].map(() => ({ voltageV: 230, powerW: 266 })),
    gasDm3: 1000,
  });
}

/** Time of day so many hours from now. */
const utcTime = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);

function configOf(given: { p1: number; bus: object; coils: number; broker: number; publicJwk: object; folder: string }): object {
  const indexes = Array.from({ length: given.coils }, (_, index) => index);
  return {
    version: 1,
    site: {
      name: "Bench",
      timezone: "UTC",
      currency: "EUR",
      // What holds increases back would be measured instead of the agent.
      grid: { phases: 3, fuse_a: 63, max_import_w: 43_000, random_delay_s: 0, max_ramp_w_per_min: 1_000_000_000 },
    },
    buses: {
      p1: { type: "tcp", host: "127.0.0.1", port: given.p1 },
      board: given.bus,
    },
    meters: { grid: { role: "grid", driver: "dsmr", bus: "p1" } },
    relays: Object.fromEntries(
      indexes.map((coil) => [`r${coil}`, { driver: "modbus_coil", bus: "board", unit_id: unit, coil, on_boot: "open" }]),
    ),
    appliances: Object.fromEntries(
      indexes.map((index) => [
        `load-${index}`,
        {
          type: "switched_load",
          relay: `r${index}`,
          rated_power_w: 100,
          min_on_s: 0,
          min_off_s: 0,
          // Far enough away that no deadline stands above the commands.
          comfort: { energy_wh_per_day: 1, not_before: utcTime(-1), ready_by: utcTime(12) },
        },
      ]),
    ),
    aggregator: {
      id: aggregator,
      gateway_id: site,
      broker_url: `mqtt://127.0.0.1:${given.broker}`,
      control_keys: [given.publicJwk],
    },
    consent: { share_interval_s: 10 },
    storage: { path: join(given.folder, "state", "data.db") },
    log: { level: "warn" },
  };
}
