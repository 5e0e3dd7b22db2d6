import { expect, it } from "vitest";
import { kpis } from "../../../bench/citylearn/kpis.ts";

const series = { price: [1, 2, 1], carbon: [0.5, 0.5, 1] };
const without = [Float64Array.of(1, 2, 1), Float64Array.of(1, -1, 2)];

it("is one for homes without control", () => {
  expect(kpis(without, without, series)).toEqual({ cost: 1, carbon: 1, ramping: 1, peak: 1, homesCost: 1, homesCarbon: 1 });
});

it("follows the definitions on an example by hand", () => {
  // District: without 2, 1, 3; with 1, -2, 3.
  const of = kpis([Float64Array.of(0, -1, 1), Float64Array.of(1, -1, 2)], without, series);
  expect(of.cost).toBeCloseTo((1 + 0 + 3) / (2 + 2 + 3), 12);
  expect(of.carbon).toBeCloseTo((0.5 + 3) / (0.5 + 0.5 + 1 + 1 + 2), 12);
  expect(of.ramping).toBeCloseTo((3 + 5) / (1 + 2), 12);
  expect(of.peak).toBe(1);
  expect(of.homesCost).toBeCloseTo((1 + 1 + 2) / (1 + 4 + 1 + 1 + 2), 12);
});
