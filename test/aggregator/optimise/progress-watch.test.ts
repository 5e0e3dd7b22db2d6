import fc from "fast-check";
import { expect, it } from "vitest";
import { progressWatch } from "../../../aggregator/optimise/progress-watch.ts";
import { boiler, planOf, statusOf } from "../plans.ts";
import { midnightMs } from "../rows.ts";

const minuteMs = 60_000;
/** 2 kW for an hour from midnight. */
const list = planOf("boiler", 1);
const laterMs = midnightMs + 24 * 60 * minuteMs;
const status = (afterMinutes: number, deliveredWh: number) => ({
  ...statusOf("boiler", deliveredWh),
  at: new Date(midnightMs + afterMinutes * minuteMs).toISOString(),
});

it("tells what is missing or too much against the plan, once, from 1.5 kWh of 6", () => {
  const watch = progressWatch();
  watch.given("a", list, 1000, midnightMs);
  expect(watch.off("a", boiler, status(30, 1500), laterMs)).toBeNull();
  expect(watch.off("a", boiler, status(60, 1500), laterMs)).toBeNull();
  expect(watch.off("a", boiler, status(60, 1000), laterMs)).toBe(-2000);
  expect(watch.off("a", boiler, status(61, 1000), laterMs)).toBeNull();
  expect(watch.off("a", boiler, status(120, 3000), laterMs)).toBe(2000);
});

it("begins anew with each window, and says nothing of what it does not know", () => {
  const watch = progressWatch();
  expect(watch.off("a", boiler, status(60, 0), laterMs)).toBeNull();
  watch.given("a", list, 5000, midnightMs);
  expect(watch.off("a", boiler, status(60, 0), laterMs)).toBeNull();
  watch.given("a", list, Number.NaN, midnightMs);
  expect(watch.off("a", boiler, status(60, 0), laterMs)).toBeNull();
  watch.given("a", list, 0, midnightMs);
  const { deliveredWh: _, ...silent } = status(60, 0);
  expect(watch.off("a", boiler, silent, laterMs)).toBeNull();
});

it("is content with every home that follows its plan, to half a minute", () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(5000), (minutes, before) => {
      const watch = progressWatch();
      watch.given("a", list, before, midnightMs);
      expect(watch.off("a", boiler, status(minutes, before + Math.round((minutes * 2000) / 60)), laterMs)).toBeNull();
    }),
  );
});

it("lives with a home whose clock is years ahead or behind", () => {
  const watch = progressWatch();
  watch.given("a", list, 0, midnightMs);
  const year = 365 * 24 * 60;
  const beganMs = performance.now();
  // Half an hour later by ours: 1 kWh is what is planned by then, however far ahead its clock is.
  expect(watch.off("a", boiler, status(5000 * year, 1000), midnightMs + 30 * minuteMs)).toBeNull();
  expect(watch.off("a", boiler, status(-30 * year, 1000), midnightMs + 30 * minuteMs)).toBeNull();
  expect(performance.now() - beganMs).toBeLessThan(1000);
  expect(watch.off("a", boiler, status(5000 * year, 0), midnightMs + 60 * minuteMs)).toBe(-2000);
});
