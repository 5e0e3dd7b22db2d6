import { describe, expect, it } from "vitest";
import { switchedAppliance } from "../../../agent/guard/guarded-appliance.ts";
import { deadlineNeed, temperatureNeed, type Comfort } from "../../../agent/plan/needs.ts";

const hourMs = 3_600_000;
const readyMs = Date.parse("2026-01-15T05:30:00Z");
const boiler = switchedAppliance({
  resource: "boiler",
  ratedPowerW: 2000,
  minOnMs: 0,
  minOffMs: 0,
  maxOffMs: null,
  safeOn: false,
});

describe("the latest safe start", () => {
  const at = (hoursBefore: number, missingWh: number) =>
    deadlineNeed(boiler, { missingWh, readyMs }, readyMs - hoursBefore * hourMs)?.setting.mode;

  it("is so early that a tenth less power and ten minutes still do", () => {
    // 4 kWh at 2 kW: 2 h, and 12 min, and 10 min.
    expect([at(2.37, 4000), at(2.36, 4000)]).toEqual([undefined, "on"]);
  });

  it("once it has come, holds until the energy is there, or until much more of it is there than could have run since", () => {
    const held = (minutesBefore: number, missingWh: number) =>
      deadlineNeed(boiler, { missingWh, readyMs }, readyMs - minutesBefore * 60_000, true)?.setting.mode;
    // 20 minutes of 141 have run: by itself the start of the rest would be in 2 minutes.
    expect([at(121 / 60, 3333), held(121, 3333)]).toEqual([undefined, "on"]);
    expect([held(1, 1), held(1, 0)]).toEqual(["on", undefined]);
    // Another kWh came from elsewhere.
    expect(held(141, 3000)).toBeUndefined();
  });

  it("asks for nothing when nothing is missing", () => expect([at(0.1, 0), at(0.1, -500)]).toEqual([undefined, undefined]));

  it("says what is still needed, and stands above the plan", () => {
    expect(deadlineNeed(boiler, { missingWh: 1500.2, readyMs }, readyMs)).toMatchObject({
      authority: "comfort",
      reason: "1501 Wh still needed by 2026-01-15T05:30:00.000Z",
    });
  });
});

describe("temperatures", () => {
  const band = { minC: 50, maxC: 70, frostC: 5, hysteresisC: 2 };
  /** What each temperature in turn leads to. */
  const walk = (...celsius: number[]): string[] => {
    let held: Comfort["held"] = null;
    return celsius.map((temperatureC) => {
      const comfort = temperatureNeed(boiler, band, { temperatureC, ageMs: 0 }, held);
      held = comfort.held;
      return comfort.intent ? `${comfort.intent.authority} ${comfort.intent.setting.mode}` : "free";
    });
  };

  it("warms from the lower bound until it is past it, and not sooner", () => {
    expect(walk(50, 49.9, 51.9, 52, 51)).toEqual(["free", "comfort on", "comfort on", "free", "free"]);
  });

  it("holds off above the upper bound until it is past it", () => {
    expect(walk(70, 70.1, 68.1, 68, 69)).toEqual(["free", "comfort off", "comfort off", "free", "free"]);
  });

  it("calls what is near freezing safety", () => expect(walk(4.9)).toEqual(["safety on"]));

  it("wants nothing by a sensor that is silent or was never heard", () => {
    expect(temperatureNeed(boiler, band, undefined, "warming")).toEqual({ intent: undefined, held: null });
    expect(temperatureNeed(boiler, band, { temperatureC: 20, ageMs: 15 * 60_000 + 1 }, null).intent).toBeUndefined();
  });

  it("has no bound that nobody gave", () => {
    for (const temperatureC of [-40, 0, 99])
      expect(temperatureNeed(boiler, { hysteresisC: 1 }, { temperatureC, ageMs: 0 }, null).intent).toBeUndefined();
  });
});
