import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import { agentConfigFromYaml } from "../../agent/config/agent-config-from-yaml.ts";
import { AgentYaml } from "../../agent/config/schema.ts";
import { startAgent, type RunningAgent } from "../../agent/main.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { createControlKey, importControlKey, signEnvelope, type EnvelopeType } from "../../core/envelope.ts";
import { Measurements, type MeasurementItem } from "../../core/message/measurements.ts";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { dsmr5Lines, telegram } from "./p1-telegram.ts";
import { relayBoard } from "./relay-board.ts";
import { silentLog } from "./silent-log.ts";
import { scratch } from "./scratch.ts";
import { testBroker } from "./test-broker.ts";
import { until } from "./until.ts";

/** 12:00 in Amsterdam, summer. */
export const houseStartMs = Date.parse("2026-04-02T10:00:00Z");
const site = "gw-1";

/** A telegram without a clock of its own; one tariff carries the whole counter. */
export function telegramOf(importWh: number, powerW: number, damaged = false): Buffer {
  const kwh = (importWh / 1000).toFixed(3).padStart(10, "0");
  const lines = dsmr5Lines
    .filter((line) => !/^(0-0:1\.0\.0|1-0:[24-7][12]\.7|1-0:[12]\.8\.2|1-0:99\.97)/.test(line))
    .map((line) =>
      line
        .replace(/^1-0:1\.8\.1\(.*/, `1-0:1.8.1(${kwh}*kWh)`)
        .replace(/^1-0:1\.7\.0\(.*/, `1-0:1.7.0(${(powerW / 1000).toFixed(3).padStart(6, "0")}*kW)`),
    );
  const bytes = telegram(lines);
  if (damaged) bytes[40] = (bytes[40] ?? 0) ^ 1;
  return bytes;
}

/** Sections of the configuration that a test may change. */
export interface HouseYaml {
  site: object;
  buses: object;
  relays: object;
  appliances: { boiler: object; pump: object };
  aggregator: { broker_url: string };
  storage: object;
}

/**
 * An agent in this process with everything around it on real sockets: a P1 port, a relay board (coil 0 boiler, open when
 * safe; coil 1 heat pump, closed when safe), a broker, and an aggregator that signs. Only time is fake.
 * @param furnish makes another configuration of it
 */
export async function agentHouse(furnish: (yaml: HouseYaml) => object = (given) => given) {
  const [folder, p1, board, broker] = [scratch("test"), await startP1Server(0), await relayBoard(), await testBroker()];
  onTestFinished(() => p1.close());
  board.coils.set(1, true);
  const made = await createControlKey("control-1");
  const key = await importControlKey(made.privateJwk);
  const plain = {
    version: 1,
    site: {
      name: "Test home",
      timezone: "Europe/Amsterdam",
      currency: "EUR",
      grid: { phases: 1, fuse_a: 25, max_import_w: 5000, random_delay_s: 0, max_ramp_w_per_min: 100_000 },
    },
    buses: {
      p1: { type: "tcp", host: "127.0.0.1", port: p1.port },
      lan: { type: "modbus_tcp", host: "127.0.0.1", port: board.port },
    },
    meters: { grid: { role: "grid", driver: "dsmr", bus: "p1" } },
    relays: {
      r1: { driver: "modbus_coil", bus: "lan", unit_id: 10, coil: 0, on_boot: "open" },
      r2: { driver: "modbus_coil", bus: "lan", unit_id: 10, coil: 1, on_boot: "closed" },
    },
    appliances: {
      boiler: {
        type: "switched_load",
        relay: "r1",
        rated_power_w: 2000,
        comfort: { energy_wh_per_day: 8000, not_before: "20:00", ready_by: "06:30" },
      },
      pump: { type: "switched_load", relay: "r2", rated_power_w: 2500, comfort: { max_block_s: 5400, min_free_s: 5400 } },
    },
    aggregator: { id: "agg", gateway_id: site, broker_url: broker.url, control_keys: [made.publicJwk] },
    storage: { path: "data.db" },
  };
  const yaml = AgentYaml.parse(furnish(plain));
  const config = agentConfigFromYaml(yaml, folder);
  const clock = fakeClock(houseStartMs);
  const log = silentLog();
  const { client, heard } = await broker.listen(`sma/1/agg/${site}/up/#`);
  let seq = 0;
  const house = {
    folder,
    databaseFile: join(folder, "data.db"),
    board,
    broker,
    clock,
    log,
    key,
    p1,
    upward: (rest: string): string[] =>
      heard.filter(({ topic }) => topic === `sma/1/agg/${site}/up/${rest}`).map(({ text }) => text),
    rows: (): MeasurementItem[] => house.upward("meter").flatMap((text) => Measurements.parse(JSON.parse(text)).items),
    async start(): Promise<RunningAgent> {
      const already = house.upward("state").length;
      const agent = await startAgent({ config, clock, log });
      onTestFinished(() => agent.stop().catch(() => undefined));
      await until(
        "meter and broker are connected",
        () => p1.clients() > 0 && agent.status().connected && house.upward("state").length > already,
      );
      return agent;
    },
    /** Sends one telegram and waits until the agent has it and its pass of control is over. */
    async hear(agent: RunningAgent, importWh: number, powerW = 600): Promise<void> {
      const before = agent.status().readings;
      p1.send(telegramOf(importWh, powerW));
      await until("the telegram was read", () => agent.status().readings > before);
      await clock.advance(0);
    },
    down: (rest: string, text: string) => client.publishAsync(`sma/1/agg/${site}/dn/${rest}`, text, { qos: 1 }),
    sign: (type: EnvelopeType, body: unknown, change: Partial<Parameters<typeof signEnvelope>[1]> = {}) =>
      signEnvelope(key, { type, site, seq: ++seq, nowMs: clock.now(), lifetimeS: 3600, body, ...change }),
    /** Receipts for all that comes up. */
    giveReceipts() {
      client.on("message", (topic, payload) => {
        if (!topic.endsWith("/up/meter")) return;
        const { boot, items } = Measurements.parse(JSON.parse(payload.toString()));
        void house.sign("receipt", { boot, seq: items.at(-1)?.seq }).then((text) => house.down("receipt", text));
      });
    },
    /** An instruction from now on, for so many minutes. */
    instructions: (resource: string, on: boolean | { mode: string; factor?: number }, minutes = 60) => ({
      plan: randomUUID(),
      resource,
      instructions: [
        {
          id: randomUUID(),
          executionTime: new Date(clock.now()).toISOString(),
          validUntil: new Date(clock.now() + minutes * 60_000).toISOString(),
          operationModeId: typeof on === "object" ? on.mode : on ? "on" : "off",
          ...(typeof on === "object" && on.factor !== undefined && { operationModeFactor: on.factor }),
          reason: "cheapest time",
        },
      ],
    }),
  };
  return house;
}
