import modbusSerial from "modbus-serial";
import { expect, it, onTestFinished } from "vitest";
import { house, newHouse } from "../../simulator/house/house.ts";
import { relayUnit, startModbusHouse, subMeterUnit } from "../../simulator/modbus/modbus-house.ts";
import { modbusSerialBus } from "../../drivers/bus/modbus-serial-bus.ts";
import { sdm630 } from "../../drivers/meter/modbus/eastron-sdm630.ts";
import { modbusCoil } from "../../drivers/appliance/modbus-coil.ts";

const startMs = Date.parse("2026-01-14T23:00:00Z");

async function running() {
  const built = house(newHouse({ seed: 4, startMs }));
  let nowS = built.state.atS;
  const switched: number[] = [];
  const modbus = await startModbusHouse({
    house: built,
    port: 0,
    catchUp: () => void built.runTo(nowS),
    switched: () => switched.push(built.state.atS),
  });
  onTestFinished(() => modbus.close());
  const client = new modbusSerial.default();
  client.setTimeout(2_000);
  await client.connectTCP("127.0.0.1", { port: modbus.port });
  onTestFinished(() => new Promise<void>((resolve) => client.close(() => resolve())));
  return { built, modbus, client, switched, pass: (seconds: number) => (nowS += seconds) };
}

it("starts with all contacts open, and a written coil changes the physics", async () => {
  const { built, client, modbus, switched, pass } = await running();
  client.setID(relayUnit);
  expect((await client.readCoils(0, 3)).data.slice(0, 3)).toEqual([false, false, false]);
  await client.writeCoil(0, true);
  await client.writeCoil(0, true);
  await client.writeCoil(1, true);
  expect((await client.readCoils(0, 3)).data.slice(0, 3)).toEqual([true, true, false]);
  pass(60);
  await client.readCoils(0, 1);
  expect(built.power()).toMatchObject({ boiler: 2000, ev: 3680, heatpump: 0 });
  expect([modbus.writes(), switched.length]).toEqual([3, 2]);
});

it("shows the heat pump's counter and power in the registers of an SDM630", async () => {
  const { built, client, pass } = await running();
  built.set("heatpump", true);
  built.state.room.temperatureC = 19;
  pass(1800);
  client.setID(subMeterUnit);
  const { buffer } = await client.readInputRegisters(0x34, 0x18);
  expect(buffer.readFloatBE(0)).toBe(2500);
  expect(buffer.readFloatBE(0x14 * 2)).toBeCloseTo(1.25, 6);
});

it("answers exceptions: 2 for what is not there, 1 for what a unit cannot, 11 for a missing unit", async () => {
  const { client } = await running();
  const code = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 0,
      (error: { modbusCode?: number }) => error.modbusCode,
    );
  client.setID(relayUnit);
  expect(await code(client.readCoils(2, 2))).toBe(2);
  expect(await code(client.writeCoil(3, true))).toBe(2);
  expect(await code(client.readInputRegisters(0, 2))).toBe(1);
  client.setID(subMeterUnit);
  expect(await code(client.readInputRegisters(0x160, 10))).toBe(2);
  client.setID(99);
  expect(await code(client.readInputRegisters(0, 2))).toBe(11);
});

it("is read and switched by the drivers", async () => {
  const { built, modbus, pass } = await running();
  const bus = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: modbus.port });
  onTestFinished(() => bus.close());
  const pump = sdm630({
    name: "pump",
    bus,
    unit: subMeterUnit,
    pollMs: 5000,
    stamp: () => ({ receivedMs: 1, clockSynced: true }),
  });
  const relay = modbusCoil({ name: "heatpump", bus, unit: relayUnit, coil: 2, inverted: false });
  built.state.room.temperatureC = 19;
  await relay.set(true);
  pass(3600);
  expect(await pump.read()).toMatchObject({ importWh: 2500, exportWh: 0, powerW: 2500, quality: "valid" });
  expect(await relay.isClosed()).toBe(true);
});
