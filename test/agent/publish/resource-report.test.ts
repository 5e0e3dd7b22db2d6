import { describe, expect, it } from "vitest";
import { onDurationMs, resourceOf, statusOf } from "../../../agent/publish/resource-report.ts";
import type { ApplianceConfig } from "../../../agent/config/agent-config.ts";
import { Resource, ResourceStatus } from "../../../core/message/resource.ts";

const zone = "Europe/Amsterdam";
const boiler: ApplianceConfig = {
  name: "boiler",
  relay: "r1",
  ratedPowerW: 2000,
  minOnMs: 300_000,
  minOffMs: 600_000,
  safeOn: false,
  maxOffMs: null,
  demand: { kind: "energy", energyWh: 8000, notBefore: "20:00", readyBy: "06:30" },
};
const ms = (time: string): number => Date.parse(`2026-01-${time}:00Z`);
const switching = (time: string, on: boolean, resource = "boiler") => ({ resource, atMs: ms(time), on, reason: "x" });

it("tells the aggregator what may be controlled", () => {
  const site = { name: "x", timezone: zone, currency: "EUR", slotMinutes: 15, phases: 3 as const, fuseA: 25, maxImportW: 17_250 };
  expect(Resource.parse(resourceOf(boiler, site))).toMatchObject({
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
});

describe("the energy given in the demand window", () => {
  const delivered = (at: string, on: boolean, switchings: ReturnType<typeof switching>[]): number =>
    ResourceStatus.parse(statusOf(boiler, { on, reason: "x", atMs: ms(at) }, switchings, zone)).deliveredWh;
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

it("takes the state before the journal from the caller", () => {
  expect(onDurationMs([], true, 100, 400)).toBe(300);
  expect(onDurationMs([{ ...switching("14T20:00", false), atMs: 250 }], true, 100, 400)).toBe(150);
  expect(onDurationMs([{ ...switching("14T20:00", true), atMs: 900 }], false, 100, 400)).toBe(0);
});

it("says whose word an appliance follows while a resident's stands above the plan", () => {
  const now = { on: true, reason: "boost until 2026-03-01T12:00:00.000Z", atMs: Date.parse("2026-03-01T10:00:00Z") };
  const override = { resource: "boiler", mode: "boost" as const, fromMs: 0, untilMs: Date.parse("2026-03-01T12:00:00Z") };
  const status = ResourceStatus.parse(statusOf(boiler, now, [], zone, override));
  expect(status.override).toEqual({ mode: "boost", until: "2026-03-01T12:00:00.000Z", cause: "user" });
  expect("override" in ResourceStatus.parse(statusOf(boiler, now, [], zone))).toBe(false);
});
