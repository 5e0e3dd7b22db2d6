import { expect, it, onTestFinished } from "vitest";
import { watchComfort } from "../../agent/comfort.ts";
import { applianceConfig, type ApplianceConfig } from "../../agent/config/appliance-config.ts";
import { AppError } from "../../core/app-error.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { rejections } from "../../core/rejections.ts";
import { drawnWh } from "../../agent/drawn-energy.ts";
import type { Switching } from "../../agent/store/control-store.ts";
import { silentLog } from "../fake/silent-log.ts";

/** 20:30 in Amsterdam; the boiler's window has begun. */
const startMs = Date.parse("2026-01-14T19:30:00Z");
const minuteMs = 60_000;
const common = { relay: "r1", rated_power_w: 2000, min_on_s: 0, min_off_s: 0, hand_hold_s: 0 };
const comfort = { energy_wh_per_day: 4000, not_before: "20:00", ready_by: "06:30", hysteresis_c: 2 };
const boiler = applianceConfig("boiler", { type: "switched_load", kind: "water_heater", ...common, comfort }, () => false);
const tank: ApplianceConfig = { ...boiler, temperature: { sensor: "tank", band: { minC: 50, maxC: 70, hysteresisC: 2 } } };

function watched(appliances: readonly ApplianceConfig[], options: { percent?: number | null } = {}) {
  const clock = fakeClock(startMs);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const journal: Switching[] = [];
  const house = { celsius: 60 as number | null, percent: options.percent ?? null, reads: 0 };
  const refused = rejections(silentLog(), clock.monotonicMs);
  const watch = watchComfort({
    appliances,
    sensors: [
      {
        name: "tank",
        read: async () => {
          if (house.celsius === null) throw new AppError("sensor-no-value", "not connected");
          return house.celsius;
        },
      },
    ],
    stateOfCharge: async () => house.percent,
    zone: "Europe/Amsterdam",
    givenWh(appliance, fromMs, toMs) {
      house.reads++;
      return drawnWh(appliance, journal, fromMs, toMs);
    },
    clock,
    rejections: refused,
    signal: ending.signal,
  });
  const needs = (): string[] => [...watch.needs().values()].map(({ setting, reason }) => `${setting.mode}: ${reason}`);
  return { clock, journal, house, needs, refused, watch };
}
/** So long before the deadline at 06:30 of the next morning. */
const before = (minutes: number): number => 10 * 60 - minutes;

it("wants what is missing when it is time, and does not look into the journal all day", async () => {
  const { clock, needs, house, journal } = watched([boiler]);
  await clock.advance(before(143) * minuteMs);
  expect([needs(), house.reads]).toEqual([[], 0]);
  await clock.advance(2 * minuteMs);
  expect(needs()).toEqual(["on: 4000 Wh still needed by 2026-01-15T05:30:00.000Z"]);
  const on = { resource: "boiler", on: true, setting: { mode: "on", powerW: 2000 }, reason: "plan" };
  journal.push({ ...on, atMs: clock.now() - 30 * minuteMs });
  expect(needs()).toEqual([]);
  await clock.advance(before(0) * minuteMs);
  expect(needs()).toEqual([]);
});

it("lets an appliance run from its latest start to the deadline in one piece", async () => {
  const { clock, needs, journal } = watched([boiler]);
  await clock.advance(before(141) * minuteMs);
  const isOn = (): boolean => journal.at(-1)?.on ?? false;
  for (let minute = 141; minute > 0; minute--) {
    const wanted = needs().length > 0;
    const setting = { mode: wanted ? "on" : "off", powerW: wanted ? 2000 : 0 };
    if (wanted !== isOn()) journal.push({ resource: "boiler", on: wanted, setting, reason: "", atMs: clock.now() });
    await clock.advance(minuteMs);
  }
  // Two hours of 2 kW, and one start.
  expect(journal.map(({ on }) => on)).toEqual([true, false]);
  expect((journal[1]?.atMs ?? 0) - (journal[0]?.atMs ?? 0)).toBe(120 * minuteMs);
});

it("follows the tank's temperature within 30 s, and the deadline yields to a tank that is too hot", async () => {
  const { clock, needs, house } = watched([tank]);
  house.celsius = 49;
  await clock.advance(30_000);
  expect(needs()).toEqual(["on: 49.0 °C, below 50 °C"]);
  house.celsius = 51;
  await clock.advance(30_000);
  expect(needs()).toHaveLength(1);
  house.celsius = 71;
  await clock.advance(before(60) * minuteMs);
  expect(needs()).toEqual(["off: 71.0 °C, above 70 °C"]);
});

it("forgets a temperature that no sensor renews, and counts what the sensor says instead", async () => {
  const { clock, needs, house, refused } = watched([tank]);
  house.celsius = 49;
  await clock.advance(30_000);
  house.celsius = null;
  await clock.advance(16 * minuteMs);
  expect(needs()).toEqual([]);
  expect(refused.counts()["sensor-no-value"]).toBeGreaterThan(0);
});

it("goes by the state of charge where the charger tells it, else by the energy", async () => {
  const car = { ...boiler, name: "car", targetSoc: { percent: 80, batteryWh: 50_000 } };
  const known = watched([car], { percent: 78 });
  await known.clock.advance(before(40) * minuteMs);
  expect(known.needs()).toEqual(["on: 1000 Wh still needed by 2026-01-15T05:30:00.000Z"]);
  const unknown = watched([car]);
  await unknown.clock.advance(before(40) * minuteMs);
  expect(unknown.needs()).toEqual(["on: 4000 Wh still needed by 2026-01-15T05:30:00.000Z"]);
});

it("lets no deadline force a tank that is warm, as long as its sensor says so", async () => {
  const model = { kind: "tank" as const, litres: 200, ambientC: 20, lossWPerK: 1.5, cop: 1, minC: 51, maxC: 69 };
  const { clock, needs, house } = watched([{ ...tank, model }]);
  await clock.advance(before(100) * minuteMs);
  expect(needs()).toEqual([]);
  house.celsius = null;
  await clock.advance(16 * minuteMs);
  expect(needs()).toEqual(["on: 4000 Wh still needed by 2026-01-15T05:30:00.000Z"]);
});

it("lets a battery give nothing at its reserve, nor while nobody knows how full it is", async () => {
  const battery: ApplianceConfig = { ...boiler, name: "battery", demand: null, reservePercent: 20 };
  const { clock, house, watch } = watched([battery], { percent: null });
  await clock.advance(1000);
  expect([...watch.spent()]).toEqual([["battery", "state of charge not known, gives nothing"]]);
  house.percent = 20.5;
  await clock.advance(30_000);
  expect([watch.spent().size, watch.fill("battery")?.value]).toEqual([0, 20.5]);
  house.percent = 20;
  await clock.advance(30_000);
  expect([...watch.spent()]).toEqual([["battery", "at its reserve of 20 %"]]);
});
