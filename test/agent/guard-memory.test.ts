import { describe, expect, it } from "vitest";
import { guardStateFromJournal } from "../../agent/guard-memory.ts";
import { guard } from "../../agent/guard/guard.ts";
import { switchedAppliance } from "../../agent/guard/guarded-appliance.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { houseAt, settingOf, wishFor } from "../fake/guarded.ts";

const startMs = Date.parse("2026-04-02T10:00:00Z");
const minuteMs = 60_000;
const boiler = switchedAppliance({
  resource: "boiler",
  ratedPowerW: 2000,
  minOnMs: 0,
  minOffMs: 10 * minuteMs,
  safeOn: false,
  maxOffMs: null,
});

describe("the guard's memory from the journal", () => {
  const lineOf = (atMs: number, on: boolean, old = false) => ({
    resource: "boiler",
    atMs,
    on,
    setting: old ? null : settingOf(boiler, on),
  });
  const stateOf = (switchings: [minutesAgo: number, on: boolean][], elapsedMs = 0) => {
    const clock = fakeClock(startMs - elapsedMs);
    const state = guardStateFromJournal(
      [boiler],
      switchings.map(([ago, on]) => lineOf(clock.now() - ago * minuteMs, on)),
      clock,
    );
    return state.appliances.get("boiler");
  };

  it("goes on with a minimum off time that a restart interrupts", () => {
    expect(
      stateOf([
        [30, true],
        [4, false],
      ]),
    ).toMatchObject({
      setting: { mode: "off", powerW: 0 },
      sinceMs: -4 * minuteMs,
      switchedMs: [-30 * minuteMs, -4 * minuteMs],
    });
  });

  it("takes an appliance that was never switched for rested in its safe state", () => {
    expect(stateOf([])).toMatchObject({ setting: { mode: "off" }, sinceMs: -Infinity, switchedMs: [] });
  });

  it("takes switchings of the future for just now: neither is rest cut short nor does it last for ever", async () => {
    const clock = fakeClock(startMs);
    const state = guardStateFromJournal([boiler], [lineOf(startMs + 86_400_000, false)], clock);
    expect(state.appliances.get("boiler")).toMatchObject({ setting: { mode: "off" }, sinceMs: 0, switchedMs: [0] });
  });

  it("keeps the distances of switchings of the future, so that a year of them does not count as one hour", () => {
    const clock = fakeClock(startMs);
    const yearMs = 365 * 86_400_000;
    const lines = [-300, -200, -100, -30].map((minutes, index) => lineOf(startMs + yearMs + minutes * minuteMs, index % 2 === 0));
    const state = guardStateFromJournal([boiler], [...lines, lineOf(startMs - 2 * minuteMs, true)], clock);
    expect(state.appliances.get("boiler")).toMatchObject({
      sinceMs: -2 * minuteMs,
      switchedMs: [-272, -172, -72, -2, -2].map((minutes) => minutes * minuteMs),
    });
  });

  it("reads journals of releases that knew only on and off", () => {
    const clock = fakeClock(startMs);
    const state = guardStateFromJournal([boiler], [lineOf(startMs - minuteMs, true, true)], clock);
    expect(state.appliances.get("boiler")).toMatchObject({ setting: { mode: "on", powerW: 2000 }, sinceMs: -minuteMs });
  });

  it("does not expect what the start itself has switched in the first readings", () => {
    const pump = switchedAppliance({
      resource: "pump",
      ratedPowerW: 2500,
      minOnMs: 0,
      minOffMs: 0,
      safeOn: true,
      maxOffMs: null,
    });
    const clock = fakeClock(startMs);
    const lines = [false, true].map((on, index) => ({
      resource: "pump",
      atMs: startMs - (1 - index) * minuteMs,
      on,
      setting: settingOf(pump, on),
    }));
    const state = guardStateFromJournal([boiler, pump], lines, clock);
    const boilerAfter = (seconds: number): string | undefined => {
      const reading = { meterAgeMs: 0, importW: 1000, maxImportW: 5000, intents: [wishFor(boiler, true)] };
      return guard([boiler, pump], state, houseAt(seconds * 1000, reading)).commands[0]?.reason;
    };
    expect([boilerAfter(2), boilerAfter(10)]).toEqual(["no room under the house import limit", "cheapest time"]);
  });

  it("takes another power in the same mode for no switching, and for no new beginning", () => {
    const clock = fakeClock(startMs);
    const power = (atMs: number, powerW: number) => ({ resource: "boiler", atMs, on: true, setting: { mode: "on", powerW } });
    const lines = [power(startMs - 9 * minuteMs, 2000), power(startMs - minuteMs, 1500)];
    expect(guardStateFromJournal([boiler], lines, clock).appliances.get("boiler")).toMatchObject({
      setting: { mode: "on", powerW: 1500 },
      sinceMs: -9 * minuteMs,
      switchedMs: [-9 * minuteMs],
    });
  });
});
