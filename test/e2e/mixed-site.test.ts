import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { startAgent } from "../../agent/main.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { meterStore } from "../../agent/store/meter-store.ts";
import { readAgentConfig } from "../../cli/read-agent-config.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { shownWh } from "../../simulator/house/energy-counters.ts";
import { house as houseOf, newHouse } from "../../simulator/house/house.ts";
import { houseHan } from "../../simulator/meter/house-han.ts";
import { houseTelegram } from "../../simulator/meter/house-telegram.ts";
import { startP1Server, type P1Server } from "../../simulator/meter/p1-server.ts";
import { inverterUnit, startModbusHouse, subMeterUnit } from "../../simulator/modbus/modbus-house.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";

/** The longest day of the year: 25 hours, with the hour that local clocks show twice. */
const startMs = Date.parse("2026-10-24T22:00:00Z");
const slotMs = 900_000;
const slots = 100;
const stepS = 30;

/** Counters that each meter shows, Wh. */
type Counters = Record<"grid import" | "grid export" | "han import" | "han export" | "pump import" | "roof export", number>;

/** A port that can be unplugged: its socket goes, and comes back on the same number. */
async function pluggable(): Promise<{
  port: number;
  send(bytes: Uint8Array): void;
  unplug(): Promise<void>;
  plug(): Promise<void>;
  clients(): number;
}> {
  let server: P1Server | undefined = await startP1Server(0);
  const { port } = server;
  const unplug = async (): Promise<void> => {
    await server?.close();
    server = undefined;
  };
  onTestFinished(unplug);
  return {
    port,
    unplug,
    send: (bytes) => server?.send(bytes),
    clients: () => server?.clients() ?? 0,
    async plug() {
      server = await startP1Server(port);
      await until(`the agent is back on port ${port}`, () => server?.clients() === 1);
    },
  };
}

it(
  "books a 25-hour day of P1, HAN, SDM630 and SunSpec exactly, through noise and unplugged lines",
  { timeout: 180_000 },
  async () => {
    const folder = scratch("mixed-site");
    const clock = fakeClock(startMs);
    const house = houseOf(newHouse({ seed: 11, startMs: startMs - 10_000 }));
    const catchUp = (): void => void house.runTo(Math.floor(clock.now() / 1000));
    const [p1, han] = [await pluggable(), await pluggable()];
    let modbus: Awaited<ReturnType<typeof startModbusHouse>> | undefined = await startModbusHouse({ house, port: 0, catchUp });
    onTestFinished(() => modbus?.close());
    const modbusPort = modbus.port;
    const yaml = {
      version: 1,
      site: {
        name: "Mixed site",
        timezone: "Europe/Amsterdam",
        currency: "EUR",
        grid: { phases: 3, fuse_a: 63, max_import_w: 40_000 },
      },
      buses: {
        p1: { type: "tcp", host: "127.0.0.1", port: p1.port },
        han: { type: "tcp", host: "127.0.0.1", port: han.port },
        lan: { type: "modbus_tcp", host: "127.0.0.1", port: modbusPort },
      },
      meters: {
        grid: { role: "grid", driver: "dsmr", bus: "p1" },
        han: { role: "load", driver: "han", bus: "han" },
        pump: { role: "load", driver: "eastron_sdm630", bus: "lan", unit_id: subMeterUnit, poll_s: stepS },
        roof: { role: "pv", driver: "sunspec", bus: "lan", unit_id: inverterUnit, poll_s: stepS },
      },
      relays: {},
      appliances: {},
      storage: { path: "data.db", commit_every_s: 300 },
    };
    writeFileSync(join(folder, "agent.yaml"), stringify(yaml));
    const agent = await startAgent({ config: readAgentConfig(join(folder, "agent.yaml")), clock, log: silentLog() });
    let stopped = false;
    const stop = async (): Promise<void> => {
      if (!stopped) await agent.stop();
      stopped = true;
    };
    onTestFinished(stop);
    await until("the agent listens", () => p1.clients() === 1 && han.clients() === 1);

    const truth: Counters[] = [];
    const counters = (): Counters => {
      const { grid, pump, solarJ } = house.state;
      const sum = ([low, normal]: readonly [number, number]): number => shownWh(low) + shownWh(normal);
      return {
        "grid import": sum(grid.importJ),
        "grid export": sum(grid.exportJ),
        "han import": sum(grid.importJ),
        "han export": sum(grid.exportJ),
        "pump import": shownWh(pump.importJ[0] + pump.importJ[1]),
        "roof export": shownWh(solarJ),
      };
    };
    const random = seededRandom(7);
    const heard = async (what: string, count: number): Promise<void> => {
      const end = performance.now() + 10_000;
      while (agent.status().readings < count) {
        if (performance.now() > end) throw new Error(`${what}: ${agent.status().readings} readings instead of ${count}`);
        await turn();
      }
    };
    /** A telegram as a bad line brings it: garbage before it, now and then a hurt or a cut copy too. */
    const send = (port: typeof p1, telegram: Buffer): void => {
      const dice = random();
      if (dice < 0.2)
        port.send(
          Buffer.from(
            Array.from({ length: 40 }, () => Math.floor(random() * 256) & 0x7f).filter((byte) => byte !== 0x2f && byte !== 0x7e),
          ),
        );
      else if (dice < 0.3) {
        const hurt = Buffer.from(telegram);
        const at = 20 + Math.floor(random() * (hurt.length - 40));
        hurt[at] = (hurt[at] ?? 0) ^ 0x01;
        port.send(hurt);
      } else if (dice < 0.35) port.send(telegram.subarray(0, Math.floor(telegram.length * random())));
      port.send(telegram);
    };
    /** Steps in which a line is down; each reaches over a slot boundary. */
    const down = (step: number, from: number, steps: number): boolean => step >= from && step < from + steps;
    for (let step = 0; step <= (slots * slotMs) / 1000 / stepS; step++) {
      if (step === 415 || step === 1790) await p1.unplug();
      if (step === 445 || step === 1822) await p1.plug();
      if (step === 1010) await han.unplug();
      if (step === 1075) await han.plug();
      if (step === 1500) {
        await modbus?.close();
        modbus = undefined;
      }
      if (step === 1535) modbus = await startModbusHouse({ house, port: modbusPort, catchUp });
      if (step > 0) await clock.advance(stepS * 1000);
      catchUp();
      const number = "000011";
      const before = agent.status().readings;
      const sent = [
        { port: p1, isDown: down(step, 415, 30) || down(step, 1790, 32), telegram: houseTelegram(house, number) },
        { port: han, isDown: down(step, 1010, 65), telegram: houseHan(house, number) },
      ].filter(({ isDown }) => !isDown);
      for (const { port, telegram } of sent) send(port, telegram);
      await heard(`step ${step}`, before + sent.length);
      if ((step * stepS * 1000) % slotMs === 0) truth.push(counters());
    }
    // The last slot is closed by the first reading behind it.
    await clock.advance(stepS * 1000);
    catchUp();
    const before = agent.status().readings;
    p1.send(houseTelegram(house, "000011"));
    han.send(houseHan(house, "000011"));
    await heard("the end", before + 2);
    const { rejected } = agent.status();
    await stop();

    expect(Object.keys(rejected)).toEqual(
      expect.arrayContaining(["p1-bad-crc", "p1-truncated", "han-bad-fcs", "modbus-unreachable"]),
    );
    const db = openDatabase(join(folder, "data.db"));
    onTestFinished(() => void db.close());
    const store = meterStore(db);
    for (const name of Object.keys(truth[0] ?? {}) as (keyof Counters)[]) {
      const [meter = "", register = ""] = name.split(" ");
      const booked = store.slots(meter, register as "import" | "export", startMs, startMs + slots * slotMs);
      const [first] = booked;
      // SunSpec's first counters are believed when two polls agree, which at noon-less night they do at once.
      expect(booked.length, name).toBe(slots);
      expect(first?.startMs, name).toBe(startMs);
      const [start, end] = [truth[0]?.[name] ?? 0, truth[slots]?.[name] ?? 0];
      expect(
        booked.reduce((sum, { wh }) => sum + wh, 0),
        `${name}, whole day`,
      ).toBe(end - start);
      const measured = booked.filter(({ quality }) => quality === "valid");
      for (const slot of measured) {
        const at = (slot.startMs - startMs) / slotMs;
        expect(slot.wh, `${name}, slot ${at}`).toBe((truth[at + 1]?.[name] ?? 0) - (truth[at]?.[name] ?? 0));
      }
      // Only slots that touch an unplugged hour are worked out.
      expect(measured.length, name).toBeGreaterThanOrEqual(slots - 8);
    }
  },
);
