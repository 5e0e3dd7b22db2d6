import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeRegister, figure, whole } from "../../../../drivers/meter/modbus/decode-register.ts";
import type { Register, WordOrder } from "../../../../drivers/meter/modbus/register-map.ts";

const decode = (
  hex: string,
  type: Register["type"],
  options: { mul?: Register["mul"]; unit?: Register["unit"]; order?: WordOrder } = {},
) => decodeRegister(Buffer.from(hex, "hex"), { type, mul: options.mul ?? 1, unit: options.unit ?? "" }, options.order ?? "ABCD");

it.each<[string, Register["type"]]>([
  ["ffff", "u16"],
  ["7fff", "s16"],
  ["8000", "s16"],
  ["ffffffff", "u32"],
  ["7fffffff", "s32"],
  ["80000000", "s32"],
  ["ffffffffffffffff", "u64"],
  ["7fffffffffffffff", "s64"],
  ["8000000000000000", "s64"],
  ["7fc00000", "f32"],
  ["ffc00001", "f32"],
  ["7ff8000000000000", "f64"],
])("%s as %s is no value", (hex, type) => expect(decode(hex, type)).toBeNull());

it.each<[string, Register["type"], WordOrder, number]>([
  ["fffe", "u16", "ABCD", 65_534],
  ["ff85", "s16", "CDAB", -123],
  ["000186a0", "u32", "ABCD", 100_000],
  ["86a00001", "u32", "CDAB", 100_000],
  ["fffffffe", "s32", "ABCD", -2],
  ["00000000000186a0", "u64", "ABCD", 100_000],
  ["86a0000100000000", "u64", "CDAB", 100_000],
  ["fffffffffffffffe", "s64", "ABCD", -2],
  ["43660000", "f32", "ABCD", 230],
  ["00004366", "f32", "CDAB", 230],
  ["406cc00000000000", "f64", "ABCD", 230],
  ["80000000", "f32", "ABCD", 0],
])("%s as %s %s is %d", (hex, type, order, value) => {
  const sample = decode(hex, type, { order });
  expect(sample && figure(sample)).toBe(value);
});

it("keeps the last digit of a 64-bit counter, and gives none where it cannot", () => {
  const sample = decode("001fffffffffffff", "u64", { mul: 0.001, unit: "kWh" });
  expect(sample && whole(sample)).toBe(Number.MAX_SAFE_INTEGER);
  expect(decode("0020000000000001", "u64", { mul: 0.001, unit: "kWh" })).toBeNull();
  expect(decode("ffdfffffffffffff", "s64", { unit: "kWh" })).toBeNull();
});

it("passes infinity on, so that the reading is refused and not silently smaller", () => {
  expect(decode("7f800000", "f32")?.raw).toBe(Infinity);
});

it("scales without the noise of binary fractions", () => {
  const mul = fc.constantFrom<Register["mul"]>(0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000);
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 2 }), mul, (raw, scale) => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(raw);
      const sample = decodeRegister(bytes, { type: "s32", mul: scale, unit: "kWh" }, "ABCD");
      if (!sample) throw new Error("no value");
      const exponent = Math.round(Math.log10(scale));
      expect(figure(sample)).toBe(Number(`${raw}e${exponent}`) + 0);
      // In whole numbers: no float at all.
      const wh = 10n ** BigInt(exponent + 4) * BigInt(raw);
      expect(Math.abs(whole(sample) * 10 - Number(wh))).toBeLessThanOrEqual(5);
    }),
  );
});

it("says a float as the meter shows it, and the same float again", () => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(230.1);
  expect(decodeRegister(bytes, { type: "f32", mul: 1, unit: "V" }, "ABCD")?.raw).toBe(230.1);
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (float) => {
      bytes.writeFloatBE(float);
      const raw = decodeRegister(bytes, { type: "f32", mul: 1, unit: "V" }, "ABCD")?.raw;
      expect(Math.fround(raw ?? NaN)).toBe(float + 0);
    }),
  );
});

it("keeps a float counter rising", () => {
  const wh = (float: number): number => {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatBE(float);
    const sample = decodeRegister(bytes, { type: "f32", mul: 1, unit: "kWh" }, "ABCD");
    return sample ? whole(sample) : NaN;
  };
  fc.assert(
    fc.property(fc.float({ min: 0, max: 1e7, noNaN: true }), fc.float({ min: 0, max: 1e7, noNaN: true }), (a, b) => {
      expect(wh(Math.max(a, b))).toBeGreaterThanOrEqual(wh(Math.min(a, b)));
    }),
  );
});
