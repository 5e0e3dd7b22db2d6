import { describe, expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { ModbusSensorOptions, modbusSensor } from "../../../drivers/appliance/modbus-sensor.ts";
import { registerSlave, wordsOfFloat } from "../../fake/register-slave.ts";

const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "done", errorCode);

async function sensor(more: Partial<Parameters<typeof modbusSensor>[0]> = {}) {
  const both: [number, number][] = [
    [5, 215],
    [6, 0],
  ];
  const { state, bus } = await registerSlave(3, { holding: both, input: both });
  const defaults = { register: "input", address: 5, type: "int16", scale: 0.1, offset: 0 } as const;
  return { state, sensor: modbusSensor({ name: "tank", bus, unit: 3, ...defaults, ...more }) };
}

describe("a temperature in a register", () => {
  it.each<[string, number, Partial<Parameters<typeof modbusSensor>[0]>, number]>([
    ["in tenths", 215, {}, 21.5],
    ["below zero", 0x1_0000 - 73, {}, -7.3],
    ["just below zero, whose word is all ones", 0xffff, {}, -0.1],
    ["without the noise of floating point", 3, { scale: 0.1 }, 0.3],
    ["with an offset", 715, { type: "uint16", offset: -50 }, 21.5],
    ["in hundredths", 6_512, { scale: 0.01 }, 65.12],
    ["at the coldest", 0x1_0000 - 500, {}, -50],
    ["at the hottest", 1_500, {}, 150],
  ])("%s", async (_, word, more, celsius) => {
    const { state, sensor: one } = await sensor(more);
    state.input.set(5, word);
    expect(await one.read()).toBe(celsius);
  });

  it("is read from holding registers too", async () => {
    const { state, sensor: one } = await sensor({ register: "holding" });
    state.holding.set(5, 640);
    expect(await one.read()).toBe(64);
  });

  it.each(["ABCD", "CDAB"] as const)("is read as a float in the order %s", async (wordOrder) => {
    const { state, sensor: one } = await sensor({ type: "float32", scale: 1, wordOrder });
    const [high = 0, low = 0] = wordsOfFloat(48.7);
    state.input.set(5, wordOrder === "ABCD" ? high : low).set(6, wordOrder === "ABCD" ? low : high);
    expect(await one.read()).toBe(48.7);
  });
});

describe("no temperature", () => {
  it.each<[string, number[], "int16" | "uint16" | "float32"]>([
    ["7FFF", [0x7fff], "int16"],
    ["8000", [0x8000], "int16"],
    ["FFFF", [0xffff], "uint16"],
    ["7FFF unsigned", [0x7fff], "uint16"],
    ["8000 unsigned", [0x8000], "uint16"],
    ["NaN", [0x7fc0, 0], "float32"],
  ])("is what %s says, whatever its scale makes of it", async (_, words, type) => {
    const { state, sensor: one } = await sensor({ type, scale: 0.001 });
    for (const [at, word] of words.entries()) state.input.set(5 + at, word);
    expect(await codeOf(one.read())).toBe("sensor-no-value");
  });

  it.each([1_501, 0x1_0000 - 501])("is what cannot be: %s tenths", async (word) => {
    const { state, sensor: one } = await sensor();
    state.input.set(5, word);
    expect(await codeOf(one.read())).toBe("sensor-implausible");
  });

  it("is infinity", async () => {
    const { state, sensor: one } = await sensor({ type: "float32", scale: 1 });
    state.input.set(5, 0x7f80).set(6, 0);
    expect(await codeOf(one.read())).toBe("sensor-implausible");
  });

  it("comes from a register that is not there, or a silent line", async () => {
    const { state, sensor: one } = await sensor({ address: 9 });
    expect(await codeOf(one.read())).toBe("modbus-exception");
    state.dead = true;
    expect(await codeOf(one.read())).toBe("modbus-timeout");
  });
});

it("takes options of a configuration with defaults, and refuses those that cannot be", () => {
  expect(ModbusSensorOptions.parse({ unit_id: 3, address: 5 })).toEqual({
    unit_id: 3,
    address: 5,
    register: "input",
    type: "int16",
    scale: 0.1,
    offset: 0,
    word_order: "ABCD",
  });
  expect(ModbusSensorOptions.safeParse({ unit_id: 3, address: 5, type: "int64" }).success).toBe(false);
  expect(ModbusSensorOptions.safeParse({ unit_id: 3 }).success).toBe(false);
});
