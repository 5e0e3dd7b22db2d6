import { expect, it } from "vitest";
import { ModbusRefusal } from "../../simulator/modbus/modbus-tcp-server.ts";
import { imageUnit, registerImage, type ImageRegister } from "../../simulator/modbus/register-image.ts";

const words = (register: Omit<ImageRegister, "address">): string =>
  [...registerImage([{ address: 0, ...register }]).values()].map((word) => word.toString(16).padStart(4, "0")).join(" ");

it.each<[ImageRegister["type"], ImageRegister["order"], number, number, string]>([
  ["u16", "ABCD", 0.1, 230.1, "08fd"],
  ["s16", "ABCD", 0.001, -0.123, "ff85"],
  ["u32", "ABCD", 1, 100_000, "0001 86a0"],
  ["s32", "CDAB", 0.1, 230, "08fc 0000"],
  ["s32", "ABCD", 1, -2, "ffff fffe"],
  ["u64", "ABCD", 0.01, 1000, "0000 0000 0001 86a0"],
  ["s64", "CDAB", 1, -2, "fffe ffff ffff ffff"],
  ["f32", "ABCD", 1, 230, "4366 0000"],
  ["f32", "CDAB", 0.1, 23, "0000 4366"],
  ["f64", "ABCD", 0.001, 0.23, "406c c000 0000 0000"],
])("lays out %s %s times %d of %d", (type, order, mul, value, laidOut) => {
  expect(words({ type, order, mul, value })).toBe(laidOut);
});

it("answers only what is there, or zeros, and only the one function", () => {
  const image = registerImage([{ address: 10, type: "u32", order: "ABCD", mul: 1, value: 1 }]);
  const strict = imageUnit(image, { functionCode: 3, holes: "refuse" });
  expect(strict.readHoldings?.(10, 2).toString("hex")).toBe("00000001");
  expect(() => strict.readHoldings?.(9, 2)).toThrow(ModbusRefusal);
  expect(strict.readInputs).toBeUndefined();
  expect(imageUnit(image, { functionCode: 4, holes: "zero" }).readInputs?.(9, 4).toString("hex")).toBe("0000000000010000");
});
