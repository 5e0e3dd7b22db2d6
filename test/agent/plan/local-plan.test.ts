import { expect, it } from "vitest";
import { switchedAppliance } from "../../../agent/guard/guarded-appliance.ts";
import { localPlan, type LocalPlanInput } from "../../../agent/plan/local-plan.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";

const nowMs = Date.parse("2026-01-14T20:00:00Z");
const rests = { minOnMs: 0, minOffMs: 0, maxOffMs: null };
const boiler = {
  ...switchedAppliance({ resource: "boiler", ratedPowerW: 2000, ...rests, safeOn: false }),
  demand: { kind: "energy" as const, energyWh: 4000, notBefore: "20:00", readyBy: "06:30" },
};
/** Cheap from 02:00 to 04:00 in Amsterdam. */
const importPerKwh = Array.from({ length: 12 }, (_, hour) => (hour === 5 || hour === 6 ? "100000" : "300000"));
const prices: PriceSeries = {
  v: 1,
  currency: "EUR",
  start: "2026-01-14T20:00:00.000Z",
  stepS: 3600,
  importPerKwh,
  exportPerKwh: importPerKwh,
};
const plan = (change: Partial<LocalPlanInput> = {}) =>
  localPlan({
    appliances: [boiler],
    prices: [prices],
    deliveredWh: () => 0,
    nowMs,
    slotMinutes: 60,
    zone: "Europe/Amsterdam",
    maxImportW: 9000,
    ...change,
  });
const onAt = (lists: ReturnType<typeof plan>): string[] =>
  (lists.get("boiler")?.instructions ?? [])
    .filter(({ operationModeId }) => operationModeId === "on")
    .map(({ executionTime, validUntil }) => `${executionTime.slice(11, 16)}-${validUntil.slice(11, 16)}`);

it("takes the cheapest hours before the deadline, and says that it is the house's own", () => {
  const lists = plan();
  expect(onAt(lists)).toEqual(["01:00-03:00"]);
  expect(lists.get("boiler")?.instructions.find(({ operationModeId }) => operationModeId === "on")?.reason).toBe(
    "own plan: cheapest time before 06:30",
  );
});

it("reckons with what was given already", () => {
  expect(onAt(plan({ nowMs: nowMs + 3_600_000, deliveredWh: () => 2000 }))).toHaveLength(1);
  expect(onAt(plan({ nowMs: nowMs + 3_600_000, deliveredWh: () => 4000 }))).toEqual([]);
});

it("plans nothing without prices, and nothing for what nobody asks anything of", () => {
  expect(plan({ prices: [] }).size).toBe(0);
  expect(plan({ appliances: [{ ...boiler, demand: null }] }).size).toBe(0);
});
