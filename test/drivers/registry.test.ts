import { expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import type { ByteBus } from "../../drivers/bus/byte-bus.ts";
import type { ModbusBus } from "../../drivers/bus/modbus-bus.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import {
  chargerDrivers,
  makeDevice,
  makeRelay,
  makeSensor,
  relayDrivers,
  sensorDrivers,
} from "../../drivers/appliance-registry.ts";
import { driverConfig, makeMeter, meterDrivers, type Buses } from "../../drivers/registry.ts";
import { silentLog } from "../fake/silent-log.ts";

const stamp = () => ({ receivedMs: 0, clockSynced: true });
const never = (): Promise<never> => Promise.reject(new Error("not asked for in this test"));
const modbus: ModbusBus = {
  name: "fake",
  readHoldingRegisters: never,
  readInputRegisters: never,
  readCoils: never,
  writeCoil: never,
  writeCoilWord: never,
  writeRegister: never,
  writeRegisters: never,
  readDiscreteInputs: never,
  close: never,
};
const bytes: ByteBus = { name: "fake", open: () => undefined, configure: () => undefined, write: () => undefined, close: never };
const lines: Partial<Buses> = { bytes, modbus };
const bus = <Kind extends keyof Buses>(kind: Kind): Buses[Kind] => {
  const line = lines[kind];
  if (line === undefined) throw new Error(`no line of kind ${kind} in this test`);
  return line;
};
const given = (name: string) => ({ name, stamp, bus, clock: fakeClock(0), log: silentLog() });

it("makes each driver from its YAML options and says which line it needs", async () => {
  const Config = driverConfig(meterDrivers, { bus: z.string() });
  const grid = Config.parse({ driver: "dsmr", bus: "p1" });
  const pump = Config.parse({ driver: "eastron_sdm630", bus: "rs485", unit_id: 2 });
  expect(grid).toEqual({ driver: "dsmr", bus: "p1", zone: "CET" });
  expect(pump).toEqual({ driver: "eastron_sdm630", bus: "rs485", unit_id: 2, poll_s: 5 });
  expect([meterDrivers[grid.driver].needs, meterDrivers[pump.driver].needs]).toEqual(["bytes", "modbus"]);
  expect(await makeMeter(grid, given("grid"))).toMatchObject({ kind: "push", name: "grid" });
  expect(await makeMeter(pump, given("pump"))).toMatchObject({ kind: "poll", name: "pump", pollMs: 5000 });
  const sub = Config.parse({ driver: "modbus", bus: "rs485", family: "cg_em24", unit_id: 3, poll_s: 10 });
  expect(sub).toMatchObject({ reversed: false, one_way: false, order: "auto" });
  expect(await makeMeter(sub, given("sub"))).toMatchObject({ kind: "poll", name: "sub", pollMs: 10_000 });
  const roof = Config.parse({ driver: "sunspec", bus: "lan", unit_id: 1 });
  expect(roof).toMatchObject({ model: "auto", positive_power: "import", poll_s: 5 });
  expect(await makeMeter(roof, given("roof"))).toMatchObject({ kind: "poll", name: "roof", pollMs: 5000 });
  const relay = driverConfig(relayDrivers, {}).parse({ driver: "modbus_coil", unit_id: 10, coil: 0 });
  expect((await makeRelay(relay, given("boiler"))).name).toBe("boiler");
  const charger = driverConfig(chargerDrivers, {}).parse({
    driver: "modbus_charger",
    family: "heidelberg_energy_control",
    unit_id: 1,
    max_current_a: 16,
    phases: 3,
  });
  const { modes } = await makeDevice(charger, given("car"));
  expect(modes.map(({ id, minW, maxW }) => [id, minW, maxW])).toEqual([
    ["off", 0, 0],
    ["charge", 4140, 11_040],
  ]);
  const sensor = driverConfig(sensorDrivers, {}).parse({ driver: "modbus_register", unit_id: 3, address: 7 });
  expect((await makeSensor(sensor, given("tank"))).name).toBe("tank");
});

it("types the configuration by driver", () => {
  const Config = driverConfig(meterDrivers, { bus: z.string() });
  type Config = z.output<typeof Config>;
  expectTypeOf<Extract<Config, { driver: "eastron_sdm630" }>>().toMatchObjectType<{
    unit_id: number;
    poll_s: number;
    bus: string;
  }>();
  expectTypeOf<Config["driver"]>().toEqualTypeOf<"dsmr" | "han" | "iec62056_21" | "modbus" | "sunspec" | "eastron_sdm630">();
});

it.each([
  ["an unknown driver", { driver: "abacus", bus: "p1" }],
  ["an option of another driver", { driver: "dsmr", bus: "p1", unit_id: 2 }],
  ["a unit that Modbus does not have", { driver: "eastron_sdm630", bus: "rs485", unit_id: 248 }],
  ["a family that is not there", { driver: "modbus", bus: "rs485", unit_id: 2, family: "sdm9000" }],
  ["a field of the caller that is missing", { driver: "dsmr" }],
])("refuses %s", (_, config) => {
  expect(driverConfig(meterDrivers, { bus: z.string() }).safeParse(config).success).toBe(false);
});
