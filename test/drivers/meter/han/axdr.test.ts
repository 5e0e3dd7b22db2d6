import fc from "fast-check";
import { expect, it } from "vitest";
import { AppError } from "../../../../core/app-error.ts";
import { axdrEnd, integerAt, numberAt, plainAt } from "../../../../drivers/meter/han/axdr.ts";

const of = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

it.each<[string, string, number | string | boolean | null]>([
  ["null", "00", null],
  ["true", "03 ff", true],
  ["false", "03 00", false],
  ["a bit string", "04 0a ff c0", "0affc0"],
  ["int32", "05 ff ff ff fe", -2],
  ["uint32", "06 ff ff ff fe", 4_294_967_294],
  ["an octet string", "09 03 4b 46 4d", "4b464d"],
  ["a long octet string", `09 81 80 ${"00".repeat(128)}`, "00".repeat(128)],
  ["a visible string", "0a 02 41 42", "AB"],
  ["a UTF-8 string", "0c 03 41 c3 a6", "Aæ"],
  ["int8", "0f fe", -2],
  ["int16", "10 80 00", -32_768],
  ["uint8", "11 fe", 254],
  ["uint16", "12 ff fe", 65_534],
  ["int64", "14 ff ff ff ff ff ff ff fe", -2],
  ["uint64", "15 00 00 00 01 00 00 00 00", 4_294_967_296],
  ["uint64 past 2^53", "15 ff ff ff ff ff ff ff ff", "18446744073709551615"],
  ["enum", "16 1b", 27],
  ["float32", "17 3f c0 00 00", 1.5],
  ["float64", "18 3f f8 00 00 00 00 00 00", 1.5],
  ["a float that is none", "17 7f c0 00 00", null],
  ["a date-time", "19 07 e9 07 01 02 10 00 00 ff 80 00 00", "07e9070102100000ff800000"],
  ["a date", "1a 07 e9 07 01 02", "07e9070102"],
  ["a time", "1b 10 00 00 ff", "100000ff"],
  ["a structure", "02 02 0f 01 16 1e", "020f01161e"],
])("reads %s", (_, hex, expected) => {
  const bytes = of(hex);
  expect(axdrEnd(bytes, 0)).toBe(bytes.length);
  expect(plainAt(bytes, 0)).toEqual(expected);
});

it("gives integers as such and nothing for what is none", () => {
  expect(integerAt(of("12 01 00"), 0)).toBe(256);
  expect(integerAt(of("15 ff ff ff ff ff ff ff ff"), 0)).toBeUndefined();
  expect(integerAt(of("17 3f c0 00 00"), 0)).toBeUndefined();
  expect(numberAt(of("09 01 00"), 0)).toBeUndefined();
});

it.each([
  ["an empty message", ""],
  ["an unknown type", "13 01 00"],
  ["a value cut short", "06 00 00 00"],
  ["a string cut short", "09 05 00 00"],
  ["a length that is missing", "09"],
  ["a length of four bytes", "09 84 00 00 00 01 00"],
  ["an array that announces more than follows", "01 82 ff ff 00 00"],
  ["structures without end", "02 01 ".repeat(200)],
])("refuses %s and says where", (_, hex) => {
  expect(() => axdrEnd(of(hex), 0)).toThrow(
    expect.objectContaining({ code: "han-bad-data", message: expect.stringMatching(/offset \d+/) }),
  );
});

it("ends within the bytes or throws, whatever they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        expect(axdrEnd(bytes, 0)).toBeLessThanOrEqual(bytes.length);
        plainAt(bytes, 0);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
      }
    }),
    { numRuns: 2000 },
  );
});
