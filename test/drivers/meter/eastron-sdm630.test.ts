import { expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import type { ModbusBus } from "../../../drivers/bus/modbus-bus.ts";
import { sdm630 } from "../../../drivers/meter/modbus/eastron-sdm630.ts";

/** A line whose unit 2 holds these floats by register; everything else is 0. */
function line(floats: Record<number, number>): { bus: ModbusBus; asked: number[][] } {
  const asked: number[][] = [];
  const none = (): Promise<never> => Promise.reject(new Error("not asked for in this test"));
  const bus: ModbusBus = {
    name: "fake",
    async readInputRegisters(unit, address, count) {
      asked.push([unit, address, count]);
      const block = Buffer.alloc(count * 2);
      for (const [register, value] of Object.entries(floats)) block.writeFloatBE(value, (Number(register) - address) * 2);
      return block;
    },
    readHoldingRegisters: none,
    readCoils: none,
    writeCoil: none,
    writeCoilWord: none,
    writeRegister: none,
    writeRegisters: none,
    readDiscreteInputs: none,
    close: none,
  };
  return { bus, asked };
}
const meter = (bus: ModbusBus) =>
  sdm630({ name: "pump", bus, unit: 2, pollMs: 5000, stamp: () => ({ receivedMs: 7, clockSynced: true }) });

it("reads all values in one request of at most 80 words", async () => {
  const { bus, asked } = line({
    0x00: 229.5,
    0x02: 230.25,
    0x04: 231,
    0x06: 3.5,
    0x08: 0,
    0x0a: 0.25,
    0x0c: 803.4,
    0x0e: 0,
    0x10: -57.6,
    0x34: 745.8,
    0x48: 1234.567,
    0x4a: 0.125,
  });
  expect(await meter(bus).read()).toEqual({
    meter: "pump",
    meterId: null,
    receivedMs: 7,
    meterMs: null,
    clockSynced: true,
    quality: "valid",
    importWh: 1_234_567,
    exportWh: 125,
    tariffs: {},
    powerW: 746,
    phases: [
      { voltageV: 229.5, currentA: 3.5, powerW: 803 },
      { voltageV: 230.25, currentA: 0, powerW: 0 },
      { voltageV: 231, currentA: 0.25, powerW: -58 },
    ],
    subMeters: [],
  });
  expect(asked).toEqual([[2, 0, 76]]);
});

it("leaves out what the meter says is not a number", async () => {
  const { bus } = line({ 0x02: NaN, 0x4a: NaN, 0x34: NaN, 0x48: 1 });
  const reading = await meter(bus).read();
  expect(reading).toMatchObject({ importWh: 1000, exportWh: null, powerW: null, quality: "valid" });
  expect(reading.phases[1]).not.toHaveProperty("voltageV");
});

it("keeps a counter rising through the coarse steps of its float", async () => {
  let before = 0;
  for (let kwh = 20_000; kwh < 20_001; kwh += 0.0007) {
    const { importWh } = await meter(line({ 0x48: kwh }).bus).read();
    expect(importWh).toBeGreaterThanOrEqual(before);
    before = importWh ?? 0;
  }
});

it.each<[string, Record<number, number>]>([
  ["a negative counter", { 0x48: -1 }],
  ["an endless counter", { 0x48: Infinity }],
  ["an endless power", { 0x34: Infinity, 0x48: 1 }],
  ["nothing but NaN", { 0x34: NaN, 0x48: NaN, 0x4a: NaN }],
])("refuses %s", async (_, floats) => {
  expect(
    await meter(line(floats).bus)
      .read()
      .then(() => "read", errorCode),
  ).toBe("meter-impossible-reading");
});

it("marks a voltage that cannot be as suspect", async () => {
  expect((await meter(line({ 0x00: 4000, 0x48: 1 }).bus).read()).quality).toBe("suspect");
});
