import { describe, expect, it } from "vitest";
import { applianceConfig } from "../../../agent/config/appliance-config.ts";
import type { Authority } from "../../../agent/plan/intent.ts";
import { drawnWh } from "../../../agent/drawn-energy.ts";
import type { GivenWh } from "../../../agent/given-energy.ts";
import type { Switching } from "../../../agent/store/control-store.ts";
import { resourceOf, statusOf } from "../../../agent/publish/resource-report.ts";
import { Resource, ResourceStatus } from "../../../core/message/resource.ts";

const zone = "Europe/Amsterdam";
const boiler = applianceConfig(
  "boiler",
  {
    type: "switched_load",
    kind: "water_heater",
    relay: "r1",
    rated_power_w: 2000,
    min_on_s: 300,
    min_off_s: 600,
    hand_hold_s: 0,
    comfort: { energy_wh_per_day: 8000, not_before: "20:00", ready_by: "06:30", hysteresis_c: 1 },
  },
  () => false,
);
const byJournal =
  (switchings: readonly Switching[]): GivenWh =>
  (appliance, fromMs, toMs) =>
    drawnWh(appliance, switchings, fromMs, toMs);
const nowOf = (on: boolean, atMs: number, reason = "x") => ({
  resource: "boiler",
  on,
  setting: { mode: on ? "on" : "off", powerW: on ? 2000 : 0 },
  reason,
  authority: "instruction" as Authority,
  atMs,
});
const ms = (time: string): number => Date.parse(`2026-01-${time}:00Z`);
const switching = (time: string, on: boolean, resource = "boiler") => ({
  resource,
  atMs: ms(time),
  on,
  setting: null,
  reason: "x",
});

const house = {
  name: "x",
  timezone: zone,
  currency: "EUR",
  slotMinutes: 15,
  phases: 3 as const,
  fuseA: 25,
  maxImportW: 17_250,
  maxExportW: null,
  peakW: null,
  peakPricePerKw: null,
  randomDelayMs: 0,
  maxRampWPerMin: 1,
};

it("tells the aggregator what may be controlled", () => {
  expect(Resource.parse(resourceOf(boiler, house, true))).toMatchObject({
    resource: "boiler",
    operationModes: [
      { id: "off", powerW: 0 },
      { id: "on", powerW: 2000 },
    ],
    minOnS: 300,
    minOffS: 600,
    failsafeMode: "off",
    maxImportW: 17_250,
  });
  const metered = { ...boiler, meter: "boiler-meter" };
  expect(resourceOf(metered, house, true)).toMatchObject({ meter: "boiler-meter" });
  // Its slots do not leave the house then, so nobody needs its name.
  expect(resourceOf(metered, house, false)).not.toHaveProperty("meter");
  expect(resourceOf(boiler, house, true)).not.toHaveProperty("meter");
});

describe("the energy given in the demand window", () => {
  const delivered = (at: string, on: boolean, switchings: ReturnType<typeof switching>[]): number | undefined =>
    ResourceStatus.parse(statusOf(boiler, nowOf(on, ms(at)), { givenWh: byJournal(switchings), zone })).deliveredWh;
  it.each<[string, string, boolean, ReturnType<typeof switching>[], number]>([
    [
      "counts what is over and what goes on",
      "14T23:00",
      true,
      [switching("14T20:00", true), switching("14T20:30", false), switching("14T22:45", true)],
      1500,
    ],
    ["begins with the window", "14T20:00", true, [switching("14T18:00", true)], 2000],
    ["is nothing between windows", "14T12:00", true, [switching("14T11:00", true)], 0],
    ["leaves out other appliances", "14T23:00", false, [switching("14T20:00", true, "car")], 0],
    ["is nothing without any switching", "14T23:00", false, [], 0],
  ])("%s", (_, at, on, switchings, wh) => expect(delivered(at, on, switchings)).toBe(wh));
});

it("takes for the time before the journal the safe state, and from then on what was set", () => {
  const hourMs = 3_600_000;
  const at = (atMs: number, on: boolean, powerW?: number) => ({
    ...switching("14T20:00", on),
    atMs,
    setting: powerW === undefined ? null : { mode: "on", powerW },
  });
  const restsOn = { ...boiler, safe: { mode: "on", powerW: 2000 } };
  expect(drawnWh(restsOn, [], 0, 3 * hourMs)).toBe(6000);
  expect(drawnWh(restsOn, [at(hourMs, false)], 0, 3 * hourMs)).toBe(2000);
  expect(drawnWh(boiler, [at(9 * hourMs, true)], 0, 3 * hourMs)).toBe(0);
  expect(drawnWh(boiler, [at(hourMs, true, 1500), at(2 * hourMs, true, 500)], 0, 3 * hourMs)).toBe(2000);
  expect(drawnWh(boiler, [at(hourMs, true, -3000)], 0, 3 * hourMs)).toBe(0);
});

it("says whose word an appliance follows while a resident's stands above the plan", () => {
  const now = nowOf(true, Date.parse("2026-03-01T10:00:00Z"), "boost until 2026-03-01T12:00:00.000Z");
  const override = { resource: "boiler", mode: "boost" as const, fromMs: 0, untilMs: Date.parse("2026-03-01T12:00:00Z") };
  const status = ResourceStatus.parse(statusOf(boiler, now, { givenWh: byJournal([]), zone, override }));
  expect(status.override).toEqual({ mode: "boost", until: "2026-03-01T12:00:00.000Z", cause: "user" });
  expect("override" in ResourceStatus.parse(statusOf(boiler, now, { givenWh: byJournal([]), zone }))).toBe(false);
});

it("says since when it is in its mode, where that is known", () => {
  const told = { givenWh: null, zone };
  const sinceMs = Date.parse("2026-03-01T09:00:00Z");
  expect(ResourceStatus.parse(statusOf(boiler, { ...nowOf(true, 0), sinceMs }, told)).transitionTimestamp).toBe(
    "2026-03-01T09:00:00.000Z",
  );
  expect(ResourceStatus.parse(statusOf(boiler, nowOf(true, 0), told))).not.toHaveProperty("transitionTimestamp");
});

it.each([
  ["comfort", "comfort"],
  ["safety", "safety"],
  ["local", "comms"],
] as const)("says that %s stands above the instructions as %s, without an end", (authority, cause) => {
  const status = ResourceStatus.parse(statusOf(boiler, { ...nowOf(true, 0), authority }, { givenWh: byJournal([]), zone }));
  expect(status.override).toEqual({ cause, until: null });
});

it("tells a hand at the device from a word", () => {
  const override = { resource: "boiler", mode: "hold" as const, fromMs: 0, untilMs: 1000, setting: { mode: "on", powerW: 2000 } };
  expect(statusOf(boiler, nowOf(true, 0), { givenWh: byJournal([]), zone, override }).override).toMatchObject({
    cause: "hand",
    mode: "hold",
  });
});

it("tells neither power nor energy of an appliance without the household's consent, and still how it stands and why", () => {
  const status = statusOf(boiler, nowOf(true, 0), { givenWh: null, zone });
  expect(Object.keys(ResourceStatus.parse(status)).toSorted()).toEqual(["at", "operationModeId", "reason", "resource", "v"]);
});

describe("storage", () => {
  const site = { ...house, maxExportW: 5000 };
  const battery = applianceConfig(
    "battery",
    {
      type: "battery",
      driver: "sunspec_battery",
      bus: "lan",
      unit_id: 1,
      hand_hold_s: 0,
      capacity_wh: 10_000,
      min_soc_percent: 20,
      wear_per_kwh: 0.01,
      max_charge_w: 4000,
      max_discharge_w: 4000,
      grid_charging: true,
    },
    () => false,
  );

  it("of a battery is told with its fill rates and the export limit, and only with consent", () => {
    const told = Resource.parse(resourceOf(battery, site, true));
    expect(told).toMatchObject({
      storage: { kind: "battery", capacityWh: 10_000, fillLevelRange: { from: 20, to: 100 }, wearPerKwh: "10000" },
      maxExportW: 5000,
      operationModes: [
        { id: "discharge", powerW: 0, minPowerW: -4000, fillRate: 0, minFillRate: -42.105263 },
        { id: "auto", powerW: 0, fillRate: 0 },
        { id: "charge", powerW: 4000, minPowerW: 0, fillRate: 38, minFillRate: 0 },
      ],
    });
    const silent = resourceOf(battery, site, false);
    expect(silent).not.toHaveProperty("storage");
    expect(silent.operationModes.every((mode) => !("fillRate" in mode))).toBe(true);
  });

  it("says how full it is and since when, and nothing without consent", () => {
    const now = { ...nowOf(false, ms("15T10:00")), resource: "battery", setting: { mode: "auto", powerW: 0 } };
    const fill = { value: 62.504, ageMs: 30_000 };
    const status = ResourceStatus.parse(statusOf(battery, now, { givenWh: () => 0, zone, fill }));
    expect(status.fillLevel).toEqual({ value: 62.5, at: "2026-01-15T09:59:30.000Z" });
    expect(statusOf(battery, now, { givenWh: null, zone, fill })).not.toHaveProperty("fillLevel");
  });

  it("of panels is none: they are told as what may be held back", () => {
    const yaml = { type: "pv", driver: "sunspec_pv", bus: "lan", unit_id: 1, hand_hold_s: 0, max_power_w: 6000 } as const;
    const told = Resource.parse(
      resourceOf(
        applianceConfig("roof", yaml, () => false),
        site,
        false,
      ),
    );
    expect(told).toMatchObject({ curtailment: { consequence: "VANISH", limitMode: "limit" } });
    expect(told).not.toHaveProperty("storage");
  });
});
