import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startActuator, type Actuator } from "../agent/actuate/actuator.ts";
import { startControlLoop } from "../agent/control-loop.ts";
import { draws, guardAtStart, switchedAppliance } from "../agent/guard/guarded-appliance.ts";
import { controlStore } from "../agent/store/control-store.ts";
import { openDatabase } from "../agent/store/open-database.ts";
import { iso, type Clock } from "../core/clock/clock.ts";
import { realClock } from "../core/clock/real-clock.ts";
import type { InstructionList } from "../core/message/instruction.ts";
import { modbusCoil } from "../drivers/appliance/modbus-coil.ts";
import { relayLoad } from "../drivers/appliance/relay-load.ts";
import { modbusSerialBus } from "../drivers/bus/modbus-serial-bus.ts";
import { monotonicMs, unit } from "./boards.ts";
import { commanded, type Commanded, type CommanderTask } from "./commander.ts";

/**
 * The agent's control, from an instruction in force to the contact: its real plan, guard, actuator, journal on disk, driver and
 * line, without the meter, and without what brings an instruction there.
 */

const { line, coils, pauseMs, folder } = JSON.parse(process.argv[2] ?? "") as CommanderTask;
const ratedPowerW = 100;
const hourMs = 3_600_000;
const ending = new AbortController();
const fail = (error: unknown): never => {
  throw error;
};
const real = realClock({ onError: fail });
/** An appliance may switch six times an hour; each round has an hour of its own. */
let aheadMs = 0;
const clock: Clock = { ...real, now: () => real.now() + aheadMs, monotonicMs: () => real.monotonicMs() + aheadMs };
const db = openDatabase(join(folder, "data.db"));
const control = controlStore(db);
const bus = modbusSerialBus(line);
const names = Array.from({ length: coils }, (_, coil) => `load-${coil}`);
const appliances = names.map((resource) =>
  switchedAppliance({ resource, ratedPowerW, minOnMs: 0, minOffMs: 0, safeOn: false, maxOffMs: null }),
);
const actuator = startActuator({
  appliances: appliances.map(({ resource, safe }, coil) => ({
    resource,
    safe,
    device: relayLoad({ name: resource, ratedPowerW, relay: modbusCoil({ name: resource, bus, unit, coil, inverted: false }) }),
  })),
  clock,
  log: { debug: () => {}, info: () => {}, warn: (fields, text) => console.error(text, fields), error: (_, text) => fail(text) },
  journal: ({ resource, setting, reason }) =>
    control.journal({ resource, atMs: clock.now(), on: draws(setting), setting, reason }),
  signal: ending.signal,
});
/** When the guard had decided that an appliance goes off. */
const decidedMs = new Map<string, number>();
const watched: Actuator = {
  ...actuator,
  apply(commands) {
    const atMs = monotonicMs();
    for (const { resource, setting } of commands) if (!draws(setting) && !decidedMs.has(resource)) decidedMs.set(resource, atMs);
    return actuator.apply(commands);
  },
};
const lists = new Map<string, InstructionList>();
const loop = startControlLoop({
  appliances,
  state: guardAtStart,
  instructions: () => lists,
  local: () => new Map(),
  overrides: () => [],
  needs: () => new Map(),
  spent: () => new Map(),
  house: () => ({
    meterAgeMs: 0,
    importW: 0,
    phaseW: [0, 0, 0],
    maxImportW: 43_000,
    maxExportW: null,
    fusePhaseW: 63 * 230,
    gridLimitW: null,
    peakW: null,
    increaseDelayMs: 0,
    rampWPerMin: null,
  }),
  actuator: watched,
  clock,
  onElsewhere: (resource) => fail(new Error(`${resource} was switched by somebody else`)),
  onPass: () => undefined,
  onError: fail,
  signal: ending.signal,
});

const instruct = (resource: string, on: boolean): void => {
  const [executionTime, validUntil] = [iso(clock.now()), iso(clock.now() + 600_000)];
  const instruction = { id: randomUUID(), executionTime, validUntil, operationModeId: on ? "on" : "off", reason: "bench" };
  lists.set(resource, { plan: randomUUID(), resource, instructions: [instruction] });
};
const carriedOut = async (): Promise<void> => {
  loop.trigger();
  await loop.idle();
};

await actuator.safeState("start, safe state");
commanded(
  async () => {
    aheadMs += hourMs;
    for (const name of names) instruct(name, true);
    await carriedOut();
    decidedMs.clear();
    const all: Commanded[] = [];
    for (const [coil, name] of names.entries()) {
      await delay(pauseMs);
      instruct(name, false);
      const startMs = monotonicMs();
      await carriedOut();
      all.push({ coil, startMs, decidedMs: decidedMs.get(name) ?? Number.NaN, doneMs: monotonicMs() });
    }
    return all;
  },
  async () => {
    ending.abort();
    await loop.idle();
    await bus.close();
    db.close();
  },
);
