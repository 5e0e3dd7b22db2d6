import fc from "fast-check";
import { expect, it } from "vitest";
import { progressWatch } from "../../../aggregator/optimise/progress-watch.ts";
import { boiler, planOf, statusOf } from "../plans.ts";
import { midnightMs } from "../rows.ts";

const minuteMs = 60_000;
/** 2 kW for an hour from midnight. */
const list = planOf("boiler", 1);
const status = (afterMinutes: number, deliveredWh: number) => ({
  ...statusOf("boiler", deliveredWh),
  at: new Date(midnightMs + afterMinutes * minuteMs).toISOString(),
});

it("tells what is missing or too much against the plan, once, from 1.5 kWh of 6", () => {
  const watch = progressWatch();
  watch.given("a", list, 1000, midnightMs);
  expect(watch.off("a", boiler, status(30, 1500))).toBeNull();
  expect(watch.off("a", boiler, status(60, 1500))).toBeNull();
  expect(watch.off("a", boiler, status(60, 1000))).toBe(-2000);
  expect(watch.off("a", boiler, status(61, 1000))).toBeNull();
  expect(watch.off("a", boiler, status(120, 3000))).toBe(2000);
});

it("begins anew with each window, and says nothing of what it does not know", () => {
  const watch = progressWatch();
  expect(watch.off("a", boiler, status(60, 0))).toBeNull();
  watch.given("a", list, 5000, midnightMs);
  expect(watch.off("a", boiler, status(60, 0))).toBeNull();
  watch.given("a", list, Number.NaN, midnightMs);
  expect(watch.off("a", boiler, status(60, 0))).toBeNull();
  watch.given("a", list, 0, midnightMs);
  const { deliveredWh: _, ...silent } = status(60, 0);
  expect(watch.off("a", boiler, silent)).toBeNull();
});

it("is content with every home that follows its plan, to half a minute", () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(5000), (minutes, before) => {
      const watch = progressWatch();
      watch.given("a", list, before, midnightMs);
      expect(watch.off("a", boiler, status(minutes, before + Math.round((minutes * 2000) / 60)))).toBeNull();
    }),
  );
});
