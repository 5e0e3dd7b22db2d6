import { expect, it } from "vitest";
import { readNumber, writeNumber, type NumberRegister } from "../../../drivers/appliance/number-register.ts";
import { registerSlave } from "../../fake/register-slave.ts";

it.each<[NumberRegister["type"], NumberRegister["order"], number, number[]]>([
  ["u16", "ABCD", 65_000, [65_000]],
  ["s16", "ABCD", -2, [0xfffe]],
  ["u32", undefined, 0x0001_86a0, [1, 0x86a0]],
  ["u32", "CDAB", 0x0001_86a0, [0x86a0, 1]],
  ["s32", "ABCD", -2, [0xffff, 0xfffe]],
  ["f32", "ABCD", 16.5, [0x4184, 0]],
  ["f32", "CDAB", 16.5, [0, 0x4184]],
])("writes %s in the order %s and reads it back", async (type, order, value, words) => {
  const { state, bus } = await registerSlave(1, { holding: [[7, 0], ...(words.length > 1 ? [[8, 0] as [number, number]] : [])] });
  const register: NumberRegister = { kind: "holding", address: 7, type, ...(order && { order }) };
  await writeNumber(bus, 1, register, value);
  expect(state.writes).toEqual([[7, words]]);
  expect(await readNumber(bus, 1, register)).toBe(value);
});
