import { describe, expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../../../core/app-error.ts";
import { modbusSerialBus } from "../../../../drivers/bus/modbus-serial-bus.ts";
import { discover } from "../../../../drivers/meter/sunspec/discover.ts";
import { sunspecMeter } from "../../../../drivers/meter/sunspec/sunspec-meter.ts";
import { ModbusRefusal, startModbusTcpServer } from "../../../../simulator/modbus/modbus-tcp-server.ts";
import { modbusSlave } from "../../../fake/modbus-slave.ts";

interface Block {
  id: number;
  length: number;
  /** Words behind id and length, by their offset from the id. */
  words: Record<number, number>;
}

const none = 0x8000;
const text = (offset: number, said: string): Record<number, number> => {
  const bytes = Buffer.alloc(Math.ceil(said.length / 2) * 2);
  bytes.write(said, "latin1");
  return Object.fromEntries(Array.from({ length: bytes.length / 2 }, (_, at) => [offset + at, bytes.readUInt16BE(at * 2)]));
};
const int16 = (value: number): number => value & 0xffff;
const acc32 = (offset: number, value: number): Record<number, number> => ({
  [offset]: value >>> 16,
  [offset + 1]: value & 0xffff,
});
const float = (offset: number, value: number): Record<number, number> => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return { [offset]: bytes.readUInt16BE(0), [offset + 1]: bytes.readUInt16BE(2) };
};

const common = (serial: string): Block => ({
  id: 1,
  length: 66,
  words: { ...text(2, "Helios Test"), ...text(18, "HT-8"), ...text(50, serial) },
});
const meter203 = (more: Record<number, number> = {}): Block => ({
  id: 203,
  length: 105,
  words: {
    3: 35,
    4: 0,
    5: none,
    6: int16(-1),
    8: 2301,
    9: 2310,
    10: 2295,
    15: int16(-1),
    16: 5001,
    17: int16(-2),
    18: int16(-123),
    19: int16(-150),
    20: 27,
    21: none,
    22: 1,
    ...acc32(38, 4_000_000),
    ...acc32(46, 1_234_567),
    54: 0,
    ...more,
  },
});
const inverter103: Block = {
  id: 103,
  length: 50,
  words: { 3: 52, 4: 53, 5: 51, 6: int16(-1), 10: 230, 11: 231, 12: 229, 13: 0, 14: 3600, 15: 0, ...acc32(24, 98_765), 26: 1 },
};
const storage124: Block = { id: 124, length: 24, words: {} };
const mppt160: Block = { id: 160, length: 48, words: {} };

/** Words of a device by address. */
function device(base: number, blocks: readonly Block[], end = true): Map<number, number> {
  const words = new Map(Object.entries(text(base, "SunS")).map(([at, word]) => [Number(at), word]));
  let at = base + 2;
  for (const { id, length, words: own } of blocks) {
    words.set(at, id).set(at + 1, length);
    for (let offset = 2; offset < length + 2; offset++) words.set(at + offset, own[offset] ?? 0);
    at += length + 2;
  }
  if (end) words.set(at, 0xffff).set(at + 1, 0);
  return words;
}

async function line(words: () => Map<number, number>) {
  const asked: number[][] = [];
  const unit = {
    readHoldings(address: number, count: number): Buffer {
      asked.push([address, count]);
      const bytes = Buffer.alloc(count * 2);
      for (let at = 0; at < count; at++) {
        const word = words().get(address + at);
        if (word === undefined) throw new ModbusRefusal(2);
        bytes.writeUInt16BE(word, at * 2);
      }
      return bytes;
    },
  };
  const server = await startModbusTcpServer(0, new Map([[1, unit]]));
  onTestFinished(() => server.close());
  const bus = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: server.port }, { timeoutMs: 1000 });
  onTestFinished(() => bus.close());
  return { bus, asked };
}
type Options = Partial<Parameters<typeof sunspecMeter>[0]>;
const meterAt = ({ bus }: Awaited<ReturnType<typeof line>>, options: Options = {}) =>
  sunspecMeter({ name: "s", bus, unit: 1, pollMs: 5000, stamp: () => ({ receivedMs: 7, clockSynced: true }), ...options });
/** The second reading, which has counters. */
async function second(words: Map<number, number>, options: Options = {}) {
  const meter = meterAt(await line(() => words), options);
  await meter.read();
  return meter.read();
}
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "read", errorCode);

it.each([40_000, 50_000, 0])("walks the chain from the marker at %i", async (base) => {
  const words = device(base, [common("SN-1"), inverter103, common("SN-2"), meter203(), mppt160, storage124]);
  const { bus } = await line(() => words);
  const found = await discover(bus, 1);
  expect(found.map(({ id, length }) => [id, length])).toEqual([
    [1, 66],
    [103, 50],
    [1, 66],
    [203, 105],
    [160, 48],
    [124, 24],
  ]);
  expect(found.map(({ device: { serial } }) => serial)).toEqual(["SN-1", "SN-1", "SN-2", "SN-2", "SN-2", "SN-2"]);
  expect(found[0]?.device).toEqual({ manufacturer: "Helios Test", model: "HT-8", serial: "SN-1" });
});

it("ends a chain without an end, with zeros behind it, or that never ends", async () => {
  const open = await line(() => device(40_000, [common("A")], false));
  expect((await discover(open.bus, 1)).length).toBe(1);
  const zeros = device(40_000, [common("A")], false)
    .set(40_070, 0)
    .set(40_071, 0);
  expect((await discover((await line(() => zeros)).bus, 1)).length).toBe(1);
  const endless = await line(() => {
    const words = device(40_000, [], false);
    return { get: (at: number) => words.get(at) ?? (at % 2 === 0 ? 700 : 0) } as Map<number, number>;
  });
  expect((await discover(endless.bus, 1)).length).toBe(100);
});

it("reads a meter of whole numbers with their scale factors from one request", async () => {
  const at = await line(() => device(40_000, [common("SN-7"), meter203()]));
  const meter = meterAt(at);
  expect(await meter.read()).toMatchObject({ importWh: null, exportWh: null, powerW: -1230, quality: "valid" });
  at.asked.length = 0;
  expect(await meter.read()).toMatchObject({
    meterId: "SN-7",
    importWh: 1_234_567,
    exportWh: 4_000_000,
    powerW: -1230,
    phases: [{ voltageV: 230.1, currentA: 3.5, powerW: -1500 }, { voltageV: 231, currentA: 0, powerW: 270 }, { voltageV: 229.5 }],
  });
  expect(at.asked).toEqual([[40_070, 55]]);
});

it.each([
  [201, 1],
  [202, 2],
  [204, 3],
])("reads model %i with %i phases", async (id, phases) => {
  expect((await second(device(40_000, [{ ...meter203(), id }]))).phases.length).toBe(phases);
});

it("reads a meter of floats", async () => {
  const words = { ...float(12, 230.1), ...float(28, 512.4), ...float(60, NaN), ...float(68, 7_654_321) };
  const reading = await second(device(50_000, [{ id: 213, length: 124, words }]));
  expect(reading).toMatchObject({ powerW: 512, importWh: 7_654_321, exportWh: null });
  expect(reading.phases[0]).toMatchObject({ voltageV: 230.1 });
});

describe("what an inverter makes", () => {
  it("is export, in whole numbers", async () => {
    const reading = await second(device(40_000, [common("INV"), inverter103]));
    expect(reading).toMatchObject({ powerW: -3600, importWh: null, exportWh: 987_650, meterId: "INV" });
    expect(reading.phases[0]).toEqual({ voltageV: 230, currentA: 5.2 });
  });

  it("is export, in floats, and what it takes at night is import", async () => {
    const words = { ...float(16, 230), ...float(22, -4), ...float(32, 1000) };
    expect(await second(device(0, [{ id: 111, length: 60, words }]))).toMatchObject({ powerW: 4, exportWh: 1000 });
  });
});

it("takes the kind that is asked for, and of itself a meter before an inverter", async () => {
  const words = device(40_000, [common("A"), inverter103, meter203()]);
  expect((await second(words)).powerW).toBe(-1230);
  expect((await second(words, { model: "inverter" })).powerW).toBe(-3600);
  const battery: Block = { id: 802, length: 62, words: { 47: 250, 63: 1 } };
  const all = device(40_000, [inverter103, battery]);
  expect((await second(all, { model: "battery" })).powerW).toBe(2500);
  expect((await second(all, { model: "battery", positivePower: "export" })).powerW).toBe(-2500);
});

it("turns the sign of power, not of the counters, where the maker counts power out as positive", async () => {
  expect(await second(device(40_000, [meter203()]), { positivePower: "export" })).toMatchObject({
    powerW: 1230,
    importWh: 1_234_567,
    exportWh: 4_000_000,
    phases: [{ powerW: 1500 }, { powerW: -270 }, {}],
  });
});

it.each<[string, Record<number, number>, object]>([
  ["a power that is not there", { 18: none }, { powerW: null }],
  ["a scale factor that is not there", { 22: none }, { powerW: null }],
  ["a scale factor that cannot be", { 22: 11 }, { powerW: null }],
  ["a counter that is not there", acc32(46, 0), { importWh: null, exportWh: 4_000_000 }],
  ["a counter of all ones", acc32(38, 0xffff_ffff), { exportWh: null, importWh: 1_234_567 }],
])("leaves out %s", async (_, words, reading) => {
  expect(await second(device(40_000, [meter203(words)]))).toMatchObject(reading);
});

it("finds the model again where a new firmware has moved it", async () => {
  let words = device(40_000, [common("A"), meter203()]);
  const at = await line(() => words);
  const meter = meterAt(at);
  await meter.read();
  words = device(40_000, [common("A"), mppt160, inverter103, meter203({ 18: 77, 22: 0 })]);
  expect(await meter.read()).toMatchObject({ powerW: 77, quality: "valid" });
  at.asked.length = 0;
  await meter.read();
  expect(at.asked.length).toBe(1);
});

it("walks the chain again after a failure", async () => {
  let words = device(40_000, [common("A"), meter203()]);
  const at = await line(() => words);
  const meter = meterAt(at);
  await meter.read();
  const before = words;
  words = new Map();
  expect(await codeOf(meter.read())).toBe("modbus-exception");
  expect(await codeOf(meter.read())).toBe("sunspec-not-found");
  words = before;
  at.asked.length = 0;
  expect((await meter.read()).powerW).toBe(-1230);
  expect(at.asked.length).toBeGreaterThan(3);
});

/** What a meter says while its import counts through these. */
async function importing(counts: readonly number[], factor = 0): Promise<(number | null)[]> {
  let count = counts[0] ?? 0;
  const meter = meterAt(await line(() => device(40_000, [common("A"), meter203({ ...acc32(46, count), 54: factor })])));
  await meter.read();
  const said: (number | null)[] = [];
  for (count of counts) said.push((await meter.read()).importWh);
  return said;
}
const top = 2 ** 32;

it.each<[string, number[], (number | null)[]]>([
  ["goes on over the end of 32 bits", [top - 100, top - 2, 50, 60], [top - 100, top - 2, top + 50, top + 60]],
  ["goes on though it was zero or all ones for a poll", [top - 100, top - 1, 0, 50], [top - 100, null, null, top + 50]],
  ["goes on the second time", [top - 5, 5, 2 ** 31, top - 7, 7], [top - 5, top + 5, top + 2 ** 31, 2 * top - 7, 2 * top + 7]],
  ["goes back where the end was only touched", [top - 5, 5, top - 3, 9], [top - 5, top + 5, top - 3, top + 9]],
  ["is passed on where it falls from elsewhere", [1_000_000, 5, 2 ** 31, 7], [1_000_000, 5, 2 ** 31, 7]],
  ["is passed on where it falls too far", [top - 5, 2 ** 24], [top - 5, 2 ** 24]],
])("a counter %s", async (_, counts, expected) => expect(await importing(counts)).toEqual(expected));

it("goes on over the end of 32 bits in the counter's own steps", async () => {
  expect(await importing([top - 10, 20], 1)).toEqual([10 * (top - 10), 10 * (top + 20)]);
});

it("counts another device anew", async () => {
  let words = device(40_000, [common("A"), meter203(acc32(46, top - 10))]);
  const meter = meterAt(await line(() => words));
  await meter.read();
  await meter.read();
  words = new Map();
  expect(await codeOf(meter.read())).toBe("modbus-exception");
  words = device(40_000, [common("B"), meter203(acc32(46, 20))]);
  expect(await meter.read()).toMatchObject({ meterId: "B", importWh: 20 });
});

it("finds the meter of a device that refuses to say its name", async () => {
  const words = device(40_000, [common("A"), common("B"), meter203()]);
  words.delete(40_002 + 2 + 66 + 30);
  const { bus } = await line(() => words);
  expect((await discover(bus, 1)).map(({ id, device: { serial } }) => [id, serial])).toEqual([
    [1, "A"],
    [1, null],
    [203, null],
  ]);
});

it("knows nothing by a device that says zeros as it starts", async () => {
  let words = device(40_000, [common("A"), meter203({ 8: 0, 9: 0, 10: 0 })]);
  const meter = meterAt(await line(() => words));
  expect((await meter.read()).quality).toBe("valid");
  words = device(40_000, [common("A"), meter203({ 15: int16(-2) })]);
  expect((await meter.read()).quality).toBe("suspect");
});

it("says which models are there where none fits", async () => {
  const short = { ...meter203(), length: 20 };
  const meter = meterAt(await line(() => device(40_000, [common("A"), storage124, short])));
  const error: unknown = await meter.read().catch((failure: unknown) => failure);
  expect(errorCode(error)).toBe("sunspec-no-model");
  expect(String(error)).toContain("models: 1, 124, 203");
});

it("does not go on asking a device that is silent", async () => {
  let asked = 0;
  const slave = await modbusSlave("tcp", () => {
    asked++;
    return undefined;
  });
  onTestFinished(() => slave.close());
  const bus = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: slave.port }, { timeoutMs: 400 });
  onTestFinished(() => bus.close());
  expect(await codeOf(meterAt({ bus, asked: [] }).read())).toBe("modbus-timeout");
  expect(asked).toBe(1);
});

it("is suspect at first where the voltage is that of no grid", async () => {
  expect((await meterAt(await line(() => device(0, [meter203({ 15: 1 })]))).read()).quality).toBe("suspect");
});
