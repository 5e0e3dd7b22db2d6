import fc from "fast-check";
import { expect, it } from "vitest";
import {
  decimalAt,
  energyWhAt,
  figureAt,
  floatOf,
  newDecimal,
  powerWAt,
  quantityAt,
  type Decimal,
} from "../../../drivers/meter/decimal.ts";

/** The value as it stands in a telegram, read from behind its "(". */
const at = <T>(read: (bytes: Uint8Array, start: number, scratch: Decimal) => T, value: string): T =>
  read(Buffer.from(`(${value})`), 1, newDecimal());

it("turns every kWh figure with three decimals into exactly its Wh", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999_999 }), (wh) => {
      const digits = String(wh).padStart(4, "0");
      expect(at(energyWhAt, `${digits.slice(0, -3)}.${digits.slice(-3)}*kWh`)).toBe(wh);
    }),
  );
});

it("cuts what is finer than 1 Wh, so the counter never runs ahead", () => {
  expect(at(energyWhAt, "0000.9999999*kWh")).toBe(999);
});

it.each<[string, number | undefined]>([
  ["00.123*kW", 123],
  ["00.123*KW", 123],
  ["0000.51*kW", 510],
  ["000000286*W", 286],
  ["00,123*kW", 123],
  ["00.123kW", 123],
  ["00.123", undefined],
  ["00.123*kWh", undefined],
  ["-1.000*kW", undefined],
  ["1.2.3*kW", undefined],
  ["1.*kW", undefined],
  [".5*kW", undefined],
  ["", undefined],
  ["1e3*W", undefined],
])("reads %s as %s W", (value, expected) => expect(at(powerWAt, value)).toBe(expected));

it("refuses integers that a number cannot hold", () => {
  expect(at(energyWhAt, "999999999999999*kWh")).toBeUndefined();
  expect(at(decimalAt, "99999999999999999")).toBe(false);
});

it("cuts off digits behind the point that no longer fit, and keeps the value", () => {
  expect(at(energyWhAt, "00052185.7825309123456789*kWh")).toBe(52_185_782);
});

it("reads figures and quantities with and without a star before the unit", () => {
  const volts = (bytes: Uint8Array, start: number, scratch: Decimal): number | undefined => figureAt(bytes, start, "V", scratch);
  expect(at(volts, "229.8*V")).toBe(229.8);
  expect(at(volts, "229.8*A")).toBeUndefined();
  expect(at(quantityAt, "00112.384*m3")).toEqual({ value: 112.384, unit: "m3" });
  expect(at(quantityAt, "240.860GJ")).toEqual({ value: 240.86, unit: "GJ" });
  expect(at(quantityAt, "240.860")).toBeUndefined();
  expect(at(quantityAt, "")).toBeUndefined();
});

it("gives the float that the decimal text means", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999 }), fc.integer({ min: 0, max: 999 }), (whole, part) => {
      const text = `${whole}.${String(part).padStart(3, "0")}`;
      const decimal = newDecimal();
      expect(decimalAt(Buffer.from(`${text})`), 0, decimal)).toBe(true);
      expect(floatOf(decimal)).toBe(Number(text));
    }),
  );
});

it("stops at the end of the bytes", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9.,*kWhA()]{0,20}$/), (text) => {
      const decimal = newDecimal();
      if (decimalAt(Buffer.from(text), 0, decimal)) expect(decimal.unitEnd).toBeLessThan(text.length);
    }),
  );
});
