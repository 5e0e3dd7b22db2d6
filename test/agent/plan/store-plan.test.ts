import { expect, it } from "vitest";
import { applianceConfig } from "../../../agent/config/appliance-config.ts";
import type { LocalPlanInput } from "../../../agent/plan/local-input.ts";
import { localPlan } from "../../../agent/plan/local-plan.ts";
import { settingOf } from "../../../agent/plan/intent.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-01-14T20:00:00Z");
const common = { rated_power_w: 2000, min_on_s: 0, min_off_s: 0, hand_hold_s: 0 };
const tank = applianceConfig(
  "tank",
  {
    type: "switched_load",
    kind: "water_heater",
    relay: "r1",
    ...common,
    sensor: "top",
    tank: { litres: 200, ambient_c: 20, loss_w_per_k: 1.5, cop: 1 },
    comfort: { energy_wh_per_day: 6000, not_before: "20:00", ready_by: "06:30", min_c: 45, max_c: 75, hysteresis_c: 2 },
  },
  () => false,
);
const heatPump = applianceConfig(
  "heat",
  {
    type: "heat_pump_sg_ready",
    relays: ["r2", "r3"],
    ...common,
    sensor: "room",
    room: { capacity_wh_per_k: 5000, loss_w_per_k: 150, cop: 3 },
    comfort: { max_block_s: 7200, min_free_s: 600, min_c: 19, max_c: 24, hysteresis_c: 1 },
  },
  () => false,
);
const battery = applianceConfig(
  "battery",
  {
    type: "battery",
    driver: "sunspec_battery",
    bus: "lan",
    unit_id: 1,
    max_charge_w: 3000,
    max_discharge_w: 3000,
    grid_charging: true,
    hand_hold_s: 0,
    capacity_wh: 10_000,
    min_soc_percent: 10,
    wear_per_kwh: 0.01,
  },
  () => false,
);
const panels = applianceConfig(
  "panels",
  { type: "pv", driver: "sunspec_pv", bus: "lan", unit_id: 2, max_power_w: 5000, hand_hold_s: 0 },
  () => false,
);
const series = (importPrice: readonly number[], exportPrice: readonly number[] = importPrice.map(() => 0)): PriceSeries => ({
  v: 1,
  currency: "EUR",
  start: "2026-01-14T20:00:00.000Z",
  stepS: 3600,
  importPerKwh: importPrice.map((price) => String(Math.round(price * 1_000_000))),
  exportPerKwh: exportPrice.map((price) => String(Math.round(price * 1_000_000))),
});
/** Dear, but for three cheap hours from 02:00 UTC on. */
const night = series(Array.from({ length: 12 }, (_, hour) => (hour >= 6 && hour < 9 ? 0.1 : 0.4)));
const forecast: LocalPlanInput["forecast"] = {
  baseW: (slots) => slots.map(() => 500),
  pvW: (slots) => slots.map(() => 0),
  outdoorC: (slots) => slots.map(() => 0),
  drawWh: (_, slots) => slots.map(() => 300),
  presentShare: (_, slots) => slots.map(() => 1),
};
const named = (appliance: typeof tank) => ({ ...appliance, resource: appliance.name });
const plan = (appliance: typeof tank, change: Partial<LocalPlanInput> = {}) =>
  localPlan({
    appliances: [named(appliance)],
    prices: [night],
    deliveredWh: () => 0,
    stored: () => ({ temperatureC: 60, percent: 50 }),
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
/** Power that an appliance is told to draw in each hour, W. */
const hourly = (appliance: typeof tank, lists: ReturnType<typeof plan>["lists"]): number[] =>
  Array.from({ length: 12 }, (_, hour) => {
    const atMs = nowMs + hour * hourMs;
    const found = lists
      .get(appliance.name)
      ?.instructions.find(({ executionTime, validUntil }) => Date.parse(executionTime) <= atMs && atMs < Date.parse(validUntil));
    return (found && settingOf(appliance.modes, found)?.powerW) ?? 0;
  });

it("heats a tank at the cheap hours, as far as its temperature needs it", () => {
  const { lists, expected } = plan(tank);
  const watts = hourly(tank, lists);
  expect(watts.slice(6, 9).some((w) => w > 0)).toBe(true);
  expect([...watts.slice(0, 6), ...watts.slice(9)].every((w) => w === 0)).toBe(true);
  const [level] = expected;
  expect(level).toMatchObject({ resource: "tank", unit: "°C", from: { endMs: nowMs, value: 60 } });
  for (const { value } of level?.at ?? []) expect(value).toBeGreaterThan(45.9);
  expect(lists.get("tank")?.instructions.find(({ operationModeId }) => operationModeId === "on")?.reason).toBe(
    "own plan: cheapest time to keep 46 to 74 °C",
  );
});

it("goes by a tank's daily energy while nobody knows its temperature", () => {
  const { lists, expected } = plan(tank, { stored: () => ({}) });
  expect(hourly(tank, lists).reduce((sum, watts) => sum + watts, 0)).toBe(6000);
  expect(expected).toEqual([]);
});

it("takes what a sensor cannot mean as not known, and still plans for the others", () => {
  const both = (stored: LocalPlanInput["stored"], change: Partial<LocalPlanInput> = {}) =>
    plan(tank, { appliances: [named(tank), named(battery)], stored, ...change }).lists;
  const broken = both((resource) => (resource === "tank" ? { temperatureC: Number.NaN } : { percent: Number.NaN }));
  expect(hourly(tank, broken).reduce((sum, watts) => sum + watts, 0)).toBe(6000);
  expect(broken.has("battery")).toBe(false);
  for (const percent of [-3, 120]) {
    const lists = both((resource) => (resource === "tank" ? { temperatureC: 60 } : { percent }));
    expect([...lists.keys()]).toEqual(["tank", "battery"]);
  }
});

it("fills what a forecast does not know", () => {
  const unknown = (slots: readonly unknown[]): number[] => slots.map((_, index) => (index % 2 === 0 ? Infinity : Number.NaN));
  const { lists } = plan(tank, {
    forecast: { ...forecast, baseW: unknown, pvW: unknown, outdoorC: unknown, drawWh: (_, slots) => unknown(slots) },
    deliveredWh: () => Number.NaN,
  });
  expect(lists.has("tank")).toBe(true);
  expect(plan(tank, { stored: () => ({}), deliveredWh: () => Number.NaN }).lists.has("tank")).toBe(true);
});

it("warms a house ahead of dear hours, inviting its heat pump to, and locks it no longer than it may be", () => {
  const dear = series(Array.from({ length: 12 }, (_, hour) => (hour >= 3 && hour < 6 ? 0.9 : 0.2)));
  const { lists } = plan(heatPump, { prices: [dear], stored: () => ({ temperatureC: 20 }) });
  const modes = lists.get("heat")?.instructions ?? [];
  expect(new Set(modes.map(({ operationModeId }) => operationModeId))).toEqual(new Set(["recommended", "lock"]));
  for (const { executionTime, validUntil } of modes.filter(({ operationModeId }) => operationModeId === "lock"))
    expect(Date.parse(validUntil) - Date.parse(executionTime)).toBeLessThanOrEqual(7_200_000);
  const watts = hourly(heatPump, lists);
  expect(watts.slice(3, 6).filter((w) => w > 0).length).toBeLessThanOrEqual(1);
});

it("charges a battery at the cheap hours and lets it even out the house at dear ones, above what it keeps", () => {
  const { lists, expected } = plan(battery, { stored: () => ({ percent: 12 }) });
  const watts = hourly(battery, lists);
  expect(watts.slice(6, 9).some((w) => w > 0)).toBe(true);
  expect(watts.slice(0, 6).every((w) => w <= 0)).toBe(true);
  const later = lists.get("battery")?.instructions.find(({ executionTime }) => executionTime >= "2026-01-15T05:00:00.000Z");
  expect(later).toMatchObject({ operationModeId: "auto", reason: "own plan: evens out the house by itself" });
  for (const { value } of expected[0]?.at ?? []) expect(value).toBeGreaterThanOrEqual(9.99);
});

it("leaves a battery to itself while it does not say how full it is", () => {
  expect(plan(battery, { stored: () => ({}) }).lists.size).toBe(0);
});

it("tells panels to give no more than is used while giving costs money, and nothing else", () => {
  const sun: LocalPlanInput["forecast"] = { ...forecast, pvW: (slots) => slots.map(() => 4000) };
  const negative = series(
    Array.from({ length: 12 }, () => 0.2),
    Array.from({ length: 12 }, (_, hour) => (hour < 2 ? -0.05 : 0.1)),
  );
  const { lists } = plan(panels, { prices: [negative], forecast: sun });
  const told = lists.get("panels")?.instructions.map(({ operationModeId }) => operationModeId);
  expect(told).toEqual(["limit", "free"]);
  expect(hourly(panels, lists).slice(0, 2)).toEqual([-500, -500]);
  expect(plan(panels, { forecast: sun }).lists.size).toBe(0);
});

it("plans around a resident's word: what it draws anyway, and nothing before its end", () => {
  const car = {
    ...named(tank),
    model: null,
    demand: { kind: "energy" as const, energyWh: 4000, notBefore: "20:00", readyBy: "06:30" },
  };
  const pause = { resource: "tank", mode: "pause" as const, fromMs: nowMs, untilMs: nowMs + 7 * hourMs };
  expect(hourly(tank, plan(tank, { appliances: [car], overrides: [pause] }).lists)).toEqual([
    0, 0, 0, 0, 0, 0, 0, 2000, 2000, 0, 0, 0,
  ]);
  const boost = { ...pause, mode: "boost" as const, untilMs: nowMs + hourMs };
  const boosted = plan(tank, { appliances: [car], overrides: [boost] });
  expect(
    hourly(tank, boosted.lists)
      .slice(1)
      .reduce((sum, watts) => sum + watts, 0),
  ).toBe(2000);
  // Until the end of the horizon: nothing is left to plan.
  expect(plan(tank, { overrides: [{ ...pause, untilMs: nowMs + 48 * hourMs }] }).lists.size).toBe(0);
});

it("waits for a car until it is usually there", () => {
  const car = {
    ...named(tank),
    model: null,
    demand: { kind: "energy" as const, energyWh: 2000, notBefore: "20:00", readyBy: "06:30" },
  };
  const cheapNow = series(Array.from({ length: 12 }, (_, hour) => (hour < 2 ? 0.05 + hour / 100 : 0.4)));
  const late: LocalPlanInput["forecast"] = {
    ...forecast,
    presentShare: (_, slots) => slots.map(({ startMs }) => (startMs >= nowMs + hourMs ? 0.9 : 0.1)),
  };
  expect(hourly(tank, plan(tank, { appliances: [car], prices: [cheapNow], forecast: late }).lists).indexOf(2000)).toBe(1);
  expect(hourly(tank, plan(tank, { appliances: [car], prices: [cheapNow] }).lists).indexOf(2000)).toBe(0);
});

it("a battery gives what was sold into the grid, and takes what was bought, beside what the house draws", () => {
  const flat = series(Array.from({ length: 12 }, () => 0.3));
  const quarter = (hour: number, quarters: number) => new Date(nowMs + hour * hourMs + quarters * 900_000).toISOString();
  const traded = (hour: number, wh: { boughtWh?: number; soldWh?: number }) =>
    [0, 1, 2, 3].map((at) => ({
      start: quarter(hour, at),
      end: quarter(hour, at + 1),
      boughtWh: 0,
      soldWh: 0,
      undrawnPerKwh: "20000",
      unfedPerKwh: "450000",
      ...wh,
    }));
  const wattsAt = (hour: number, given: NonNullable<LocalPlanInput["traded"]>): number | undefined => {
    const { lists } = plan(battery, { prices: [flat], stored: () => ({ percent: 50 }), traded: given });
    return hourly(battery, lists)[hour];
  };
  // By itself it evens the house out and exports nothing.
  expect(wattsAt(3, [])).toBeGreaterThan(-600);
  // 250 Wh in each quarter of an hour: 1,000 W beyond the 500 W of the house.
  const selling = wattsAt(3, traded(3, { soldWh: 250 }));
  expect(selling).toBeLessThan(-1490);
  expect(selling).toBeGreaterThan(-1510);
  const buying = wattsAt(3, traded(3, { boughtWh: 400 }));
  expect(buying).toBeGreaterThan(1090);
  expect(buying).toBeLessThan(1110);
});
