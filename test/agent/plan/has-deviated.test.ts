import { expect, it } from "vitest";
import { hasDeviated } from "../../../agent/plan/has-deviated.ts";

const expected = [
  { resource: "tank", unit: "°C" as const, from: { endMs: 0, value: 60 }, at: [{ endMs: 100, value: 50 }] },
  { resource: "battery", unit: "%" as const, from: { endMs: 0, value: 20 }, at: [{ endMs: 100, value: 80 }] },
];
const stored = (temperatureC?: number, percent?: number) => (resource: string) =>
  resource === "tank" ? (temperatureC === undefined ? {} : { temperatureC }) : percent === undefined ? {} : { percent };

it.each([
  ["as planned", 55, 50, false],
  ["a little off", 53.5, 46, false],
  ["too cold", 52.9, 50, true],
  ["too warm", 57.1, 50, true],
  ["emptier than planned", 55, 44, true],
  ["fuller than planned", 55, 56, true],
  ["unknown", undefined, undefined, false],
])("%s", (_, temperatureC, percent, is) => {
  expect(hasDeviated(expected, stored(temperatureC, percent), 50)).toBe(is);
});

it("says nothing of a time that the plan does not reach", () => {
  expect(hasDeviated(expected, stored(0, 0), 100)).toBe(false);
});
