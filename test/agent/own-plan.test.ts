import { expect, it, onTestFinished } from "vitest";
import type { AgentConfig } from "../../agent/config/agent-config.ts";
import { applianceConfig } from "../../agent/config/appliance-config.ts";
import { ownPlan } from "../../agent/own-plan.ts";
import type { Override } from "../../agent/plan/override.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";

const startMs = Date.parse("2026-01-14T20:00:00Z");
const hourMs = 3_600_000;
const minuteMs = 60_000;
const boiler = applianceConfig(
  "boiler",
  {
    type: "switched_load",
    kind: "water_heater",
    relay: "r1",
    rated_power_w: 2000,
    min_on_s: 0,
    min_off_s: 0,
    hand_hold_s: 0,
    sensor: "top",
    tank: { litres: 200, ambient_c: 20, loss_w_per_k: 1.5, cop: 1 },
    comfort: { energy_wh_per_day: 4000, not_before: "20:00", ready_by: "06:30", min_c: 45, max_c: 75, hysteresis_c: 2 },
  },
  () => false,
);

function planning(peak: { w: number; pricePerKw: number | null } | null = null) {
  const site = { timezone: "Europe/Amsterdam", slotMinutes: 15, maxImportW: 9000, peakPricePerKw: peak?.pricePerKw ?? null };
  const config = { site, meters: [], appliances: [boiler] } as unknown as AgentConfig;
  const clock = fakeClock(startMs);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const house = {
    alone: true,
    celsius: 60,
    overrides: [] as Override[],
    cheapHour: 3,
    plans: 0,
    series(): PriceSeries {
      const price = Array.from({ length: 24 }, (_, hour) => (hour === house.cheapHour ? "100000" : "400000"));
      return { v: 1, currency: "EUR", start: "2026-01-14T20:00:00.000Z", stepS: 3600, importPerKwh: price, exportPerKwh: price };
    },
    prices: [] as PriceSeries[],
  };
  const own = ownPlan({
    config,
    control: { prices: () => house.prices },
    history: { base: () => [], pv: () => [], draws: () => [], presence: () => [], sunshineWm2: () => () => undefined },
    comfort: {
      temperature: () => ({ temperatureC: house.celsius, ageMs: 0 }),
      percent: () => undefined,
      missingWh: () => undefined,
    },
    weather: null,
    overrides: () => house.overrides,
    standing: () => undefined,
    paidPeakW: () => peak?.w ?? null,
    traded: null,
    clock,
    log: silentLog(),
    alone: () => house.alone,
    onPlan: () => house.plans++,
    signal: ending.signal,
  });
  const planned = async (count: number): Promise<string[]> => {
    own.lists();
    await until(`plan ${count} is made`, () => house.plans === count);
    return (own.lists().get("boiler")?.instructions ?? []).map(
      (one) => `${one.executionTime.slice(11, 16)} ${one.operationModeId}`,
    );
  };
  return { house, own, clock, planned };
}

it("makes a plan beside control: none at once, then one that holds until something is new", async () => {
  const { house, own, planned } = planning();
  house.prices = [house.series()];
  house.celsius = 46;
  expect(own.lists().size).toBe(0);
  expect((await planned(1)).length).toBeGreaterThan(0);
  own.lists();
  expect(house.plans).toBe(1);
});

it("plans anew in the next slot, with new prices and after a resident's word", async () => {
  const { house, clock, planned } = planning();
  house.prices = [house.series()];
  await planned(1);
  house.prices = [house.series(), house.series()];
  await planned(2);
  house.overrides = [{ resource: "boiler", mode: "pause", fromMs: clock.now(), untilMs: clock.now() + 2 * hourMs }];
  await planned(3);
  await clock.advance(15 * minuteMs);
  await planned(4);
  expect(house.plans).toBe(4);
});

it("plans anew when the tank is not as it was planned, and no sooner than five minutes after the last plan", async () => {
  const { house, own, clock, planned } = planning();
  house.prices = [house.series()];
  await planned(1);
  await clock.advance(4 * minuteMs);
  own.lists();
  house.celsius = 50;
  own.lists();
  expect(house.plans).toBe(1);
  await clock.advance(minuteMs);
  await planned(2);
});

it("troubles nobody with a plan of nothing", async () => {
  const { house, own, planned } = planning();
  own.lists();
  house.prices = [house.series()];
  await until("the prices are planned with", () => own.lists().size > 0);
  expect(house.plans).toBe(1);
  house.prices = [];
  await planned(2);
  expect(own.lists().size).toBe(0);
});

it("has no plan while somebody else plans, and one of its own as soon as nobody does", async () => {
  const { house, own, planned } = planning();
  house.prices = [house.series()];
  house.alone = false;
  expect(own.lists().size).toBe(0);
  expect(own.problem()?.parts).toMatchObject([{ resource: "boiler", kind: "tank" }]);
  house.alone = true;
  await planned(1);
});

it("says how good its forecasts are: nothing is known without a history", () => {
  expect(planning().own.forecasts()).toEqual([
    { name: "base load", error: null, unit: "W", days: 0 },
    { name: "PV", error: null, unit: "W", days: 0 },
    { name: "hot water of boiler", error: null, unit: "Wh", days: 0 },
  ]);
});

it("keeps below a peak that has no price, and weighs one that has", async () => {
  const limited = planning({ w: 3000, pricePerKw: null });
  limited.house.prices = [limited.house.series()];
  limited.house.celsius = 46;
  await limited.planned(1);
  expect(limited.own.problem()?.problem.grid.import_limit_w).toBe(3000);
  expect(limited.own.problem()?.problem.capacity_charge).toBeUndefined();
  expect(limited.own.peakW()).toBe(0);
  const paying = planning({ w: 3000, pricePerKw: 0.01 });
  paying.house.prices = [paying.house.series()];
  paying.house.celsius = 46;
  await paying.planned(1);
  expect(paying.own.problem()?.problem.grid.import_limit_w).toBe(9000);
  expect(paying.own.problem()?.problem.capacity_charge).toEqual({ price_per_kw: 0.01, already_peak_w: 3000 });
  // Without a history 1500 W are kept free for the rest of the house.
  expect(paying.own.peakW()).toBe(3500);
  paying.house.alone = false;
  expect(paying.own.peakW()).toBe(0);
});
