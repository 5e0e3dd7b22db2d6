import fc from "fast-check";
import { expect, it } from "vitest";
import { energyWh, figure, powerW, quantity, scaledInteger } from "../../../drivers/meter/decimal.ts";

it("turns every kWh figure with three decimals into exactly its Wh", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999_999 }), (wh) => {
      const digits = String(wh).padStart(4, "0");
      expect(energyWh({ text: `${digits.slice(0, -3)}.${digits.slice(-3)}`, unit: "kWh" })).toBe(wh);
    }),
  );
});

it("cuts what is finer than 1 Wh, so the counter never runs ahead", () => {
  expect(energyWh({ text: "0000.9999999", unit: "kWh" })).toBe(999);
});

it.each<[string, string | null, number | undefined]>([
  ["00.123", "kW", 123],
  ["0000.51", "kW", 510],
  ["000000286", "W", 286],
  ["00,123", "kW", 123],
  ["00.123kW", null, 123],
  ["00.123", null, undefined],
  ["00.123", "kWh", undefined],
  ["-1.000", "kW", undefined],
  ["1.2.3", "kW", undefined],
  ["", "kW", undefined],
  ["1e3", "W", undefined],
])("reads %s with unit %s as %s W", (text, unit, expected) => expect(powerW({ text, unit })).toBe(expected));

it("refuses integers that a number cannot hold", () => {
  expect(scaledInteger("999999999999999", 3)).toBeUndefined();
});

it("reads figures and quantities with and without a star before the unit", () => {
  expect(figure({ text: "229.8", unit: "V" }, "V")).toBe(229.8);
  expect(figure({ text: "229.8", unit: "A" }, "V")).toBeUndefined();
  expect(quantity({ text: "00112.384", unit: "m3" })).toEqual({ value: 112.384, unit: "m3" });
  expect(quantity({ text: "240.860GJ", unit: null })).toEqual({ value: 240.86, unit: "GJ" });
  expect(quantity({ text: "", unit: null })).toBeUndefined();
});
