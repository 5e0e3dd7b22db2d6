import { expect, it } from "vitest";
import { switchedAppliance } from "../../../agent/guard/guarded-appliance.ts";
import type { LocalPlanInput } from "../../../agent/plan/local-input.ts";
import { localPlan } from "../../../agent/plan/local-plan.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";

const nowMs = Date.parse("2026-01-14T20:00:00Z");
const rests = { minOnMs: 0, minOffMs: 0, maxOffMs: null };
const boiler = {
  ...switchedAppliance({ resource: "boiler", ratedPowerW: 2000, ...rests, safeOn: false }),
  demand: { kind: "energy" as const, energyWh: 4000, notBefore: "20:00", readyBy: "06:30" },
  model: null,
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
const forecast: LocalPlanInput["forecast"] = {
  baseW: (slots) => slots.map(() => 1500),
  pvW: (slots) => slots.map(() => 0),
  outdoorC: () => null,
  drawWh: (_, slots) => slots.map(() => 0),
  presentShare: (_, slots) => slots.map(() => 1),
};
const planned = (change: Partial<LocalPlanInput> = {}) =>
  localPlan({
    appliances: [boiler],
    prices: [prices],
    deliveredWh: () => 0,
    stored: () => ({}),
    forecast,
    overrides: [],
    nowMs,
    slotMinutes: 60,
    zone: "Europe/Amsterdam",
    maxImportW: 9000,
    peak: null,
    standing: () => undefined,
    ...change,
  });
const plan = (change: Partial<LocalPlanInput> = {}) => planned(change).lists;
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

it("plans around a price that cannot be", () => {
  const absurd = importPerKwh.map((price, hour) => (hour === 1 ? "9".repeat(30) : price));
  expect(onAt(plan({ prices: [{ ...prices, importPerKwh: absurd, exportPerKwh: absurd }] }))).toEqual(["01:00-03:00"]);
});

const car = {
  resource: "car",
  modes: [
    { id: "off", minW: 0, maxW: 0 },
    { id: "charge", minW: 1400, maxW: 7000 },
  ],
  safe: { mode: "off", powerW: 0 },
  least: { mode: "off", powerW: 0 },
  demand: { kind: "energy" as const, energyWh: 17_000, notBefore: "20:00", readyBy: "06:00" },
  model: null,
  ...rests,
};

it("charges a car as strongly as its energy and the fuse ask for", () => {
  const lists = plan({ appliances: [car], maxImportW: 7500 });
  const charging = (lists.get("car")?.instructions ?? []).filter(({ operationModeId }) => operationModeId === "charge");
  const wh = charging.reduce((sum, { executionTime, validUntil, operationModeFactor = 1 }) => {
    const powerW = 1400 + operationModeFactor * 5600;
    expect(powerW).toBeLessThanOrEqual(6000.5);
    return sum + (powerW * (Date.parse(validUntil) - Date.parse(executionTime))) / 3_600_000;
  }, 0);
  expect(wh).toBeCloseTo(17_000, -2);
  expect(charging.some(({ executionTime }) => executionTime === "2026-01-15T01:00:00.000Z")).toBe(true);
});

it("says how much will be missing where a deadline cannot be met", () => {
  const lists = plan({ appliances: [{ ...boiler, demand: { ...boiler.demand, energyWh: 30_000 } }] });
  expect(lists.get("boiler")?.instructions[0]?.reason).toBe("own plan: cheapest time before 06:30; 12000 Wh will be missing");
});

it.each([1, 3])("keeps the plan in force at equal prices, whichever it is", (hour) => {
  const flat: PriceSeries = { ...prices, importPerKwh: Array.from({ length: 12 }, () => "200000") };
  const noId = "00000000-0000-4000-8000-000000000000";
  const instruction = {
    id: noId,
    executionTime: `2026-01-15T0${hour}:00:00.000Z`,
    validUntil: `2026-01-15T0${hour + 2}:00:00.000Z`,
    operationModeId: "on",
    reason: "own plan",
  };
  const previous = new Map([["boiler", { plan: noId, resource: "boiler", instructions: [instruction] }]]);
  expect(onAt(plan({ prices: [flat], previous }))).toEqual([`0${hour}:00-0${hour + 2}:00`]);
});

it("holds a heat pump back when it is dear, no longer than it may", () => {
  const pump = {
    ...switchedAppliance({ resource: "boiler", ratedPowerW: 2000, ...rests, safeOn: true }),
    demand: { kind: "block" as const, maxBlockS: 7200, minFreeS: 3600 },
    model: null,
  };
  const dear: PriceSeries = {
    ...prices,
    importPerKwh: Array.from({ length: 12 }, (_, hour) => (hour >= 4 && hour < 8 ? "900000" : "200000")),
  };
  const off = (plan({ appliances: [pump], prices: [dear] }).get("boiler")?.instructions ?? []).filter(
    ({ operationModeId }) => operationModeId === "off",
  );
  expect(off.length).toBeGreaterThan(0);
  for (const { executionTime, validUntil } of off) {
    expect(Date.parse(validUntil) - Date.parse(executionTime)).toBeLessThanOrEqual(7_200_000);
    expect(Date.parse(executionTime)).toBeGreaterThanOrEqual(Date.parse("2026-01-15T00:00:00Z"));
  }
});

it("goes on with holding a heat pump back for what is left of the time that it may", () => {
  const pump = {
    ...switchedAppliance({ resource: "boiler", ratedPowerW: 2000, ...rests, safeOn: true }),
    demand: { kind: "block" as const, maxBlockS: 7200, minFreeS: 3600 },
    model: null,
  };
  const dear: PriceSeries = { ...prices, importPerKwh: prices.importPerKwh.map((_, hour) => (hour < 1 ? "900000" : "200000")) };
  const startMs = Date.parse(prices.start);
  const offUntil = (minutesAgo: number): number => {
    const standing = () => ({ on: false, sinceMs: startMs - minutesAgo * 60_000 });
    const list = plan({ appliances: [pump], prices: [dear], nowMs: startMs, standing }).get("boiler");
    const [first] = list?.instructions ?? [];
    return first?.operationModeId === "off" ? (Date.parse(first.validUntil) - startMs) / 60_000 : 0;
  };
  expect([0, 60, 75, 120].map(offUntil)).toEqual([120, 60, 0, 0]);
});

it("pays for a peak where that is cheaper than to keep below it, or else a deadline would be missed", () => {
  const paying = (pricePerKw: number, change: Partial<LocalPlanInput> = {}) =>
    planned({ peak: { paidW: 3000, pricePerKw }, ...change });
  // 1500 W of base load and 2000 W of the boiler make 3500 W: half a kilowatt above what is paid for.
  const cheap = paying(0.1);
  expect(onAt(cheap.lists)).toEqual(["01:00-03:00"]);
  expect(cheap.peakW).toBe(3500);
  // In its first two hours the house draws less: they cost 0.80 more than the cheap ones, and no peak.
  const quiet = {
    ...forecast,
    baseW: (slots: readonly { startMs: number }[]) => slots.map((_, slot) => (slot < 2 ? 900 : 1500)),
  };
  const dear = paying(10, { forecast: quiet });
  expect(onAt(dear.lists)).toEqual(["20:00-22:00"]);
  expect(dear.peakW).toBe(0);
  const must = paying(10);
  expect(onAt(must.lists)).toEqual(["01:00-03:00"]);
  expect(must.peakW).toBe(3500);
});

it("goes on with a run that is under way for as long as it must, and rests as long", () => {
  const resting = { ...boiler, minOnMs: 2 * 3_600_000, minOffMs: 2 * 3_600_000 };
  const since = (on: boolean, minutes: number): Partial<LocalPlanInput> => ({
    appliances: [resting],
    standing: () => ({ on, sinceMs: nowMs - minutes * 60_000 }),
  });
  expect(onAt(plan(since(true, 50)))[0]).toBe("20:00-21:00");
  expect(onAt(plan(since(true, 120)))).toEqual(["01:00-03:00"]);
  const dearLater: PriceSeries = {
    ...prices,
    importPerKwh: prices.importPerKwh.map((_, hour) => (hour < 2 ? "100000" : "300000")),
  };
  expect(onAt(plan({ ...since(false, 50), prices: [dearLater] }))[0]).toMatch(/^(21|22|23|0\d):00/);
  expect(onAt(plan({ ...since(false, 120), prices: [dearLater] }))).toEqual(["20:00-22:00"]);
});
