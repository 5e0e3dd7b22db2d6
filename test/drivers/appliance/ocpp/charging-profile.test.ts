import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorCode } from "../../../../core/app-error.ts";
import {
  limitNow,
  limitOf,
  modesOf,
  profilesOf,
  settingOf,
  type RateUnit,
  type Wiring,
} from "../../../../drivers/appliance/ocpp/charging-profile.ts";

const three: Wiring = { minA: 6, maxA: 16, phases: 3 };
const wirings = fc.record({
  minA: fc.integer({ min: 12, max: 20 }).map((half) => half / 2),
  maxA: fc.integer({ min: 20, max: 64 }).map((half) => half / 2),
  phases: fc.constantFrom(1 as const, 3 as const),
});
const units = fc.constantFrom<RateUnit>("A", "W");

it("has two modes, the one that draws least first", () => {
  expect(modesOf(three)).toEqual([
    { id: "off", minW: 0, maxW: 0 },
    { id: "charge", minW: 4_140, maxW: 11_040 },
  ]);
});

it("rounds a power down to what the charger takes, never up, and by less than one step", () => {
  fc.assert(
    fc.property(wirings, units, fc.double({ min: 0, max: 1, noNaN: true }), (wiring, unit, part) => {
      const [, { minW, maxW }] = modesOf(wiring);
      const powerW = Math.floor(minW + part * (maxW - minW));
      const limit = limitOf({ mode: "charge", powerW }, wiring, unit);
      const back = settingOf(limit, wiring, unit);
      expect(back.mode).toBe("charge");
      expect(back.powerW).toBeLessThanOrEqual(powerW);
      expect(powerW - back.powerW).toBeLessThanOrEqual(unit === "W" ? 0 : 23 * wiring.phases + 1);
      // OCPP allows one decimal.
      expect(Math.abs(limit * 10 - Math.round(limit * 10))).toBeLessThan(1e-9);
    }),
  );
});

it.each([
  [{ mode: "charge", powerW: 4_139 }],
  [{ mode: "charge", powerW: 11_041 }],
  [{ mode: "charge", powerW: NaN }],
  [{ mode: "boost", powerW: 5_000 }],
])("refuses %o", (setting) => {
  let code = "taken";
  try {
    limitOf(setting, three, "A");
  } catch (error) {
    code = errorCode(error);
  }
  expect(code).toBe("device-bad-setting");
});

it("reads what is below the least current as off, and what is above the greatest as that", () => {
  expect(settingOf(5.9, three, "A")).toEqual({ mode: "off", powerW: 0 });
  expect(settingOf(32, three, "A")).toEqual({ mode: "charge", powerW: 11_040 });
});

describe("a composite schedule", () => {
  const nowMs = Date.parse("2026-11-22T12:00:00Z");
  const periods = [
    { startPeriod: 0, limit: 16 },
    { startPeriod: 30, limit: 8 },
  ];
  it.each([
    ["2026-11-22T12:00:00Z", 16],
    ["2026-11-22T11:59:30Z", 8],
    ["2026-11-22T12:00:10Z", 16],
    [undefined, 16],
  ])("that began at %s limits to %d A", (startSchedule, limit) => {
    const chargingSchedule = {
      chargingRateUnit: "A" as const,
      chargingSchedulePeriod: periods,
      ...(startSchedule && { startSchedule }),
    };
    expect(limitNow({ status: "Accepted", chargingSchedule }, nowMs)).toEqual({ limit, unit: "A" });
  });
  it("without a period says nothing", () => {
    expect(limitNow({ status: "Accepted" }, nowMs)).toBeUndefined();
    const chargingSchedule = { chargingRateUnit: "A" as const, chargingSchedulePeriod: [] };
    expect(limitNow({ status: "Accepted", chargingSchedule }, nowMs)).toBeUndefined();
  });
});

it("needs a second period or a second level to fall back", () => {
  const given = { limit: 10, after: { limit: 0, afterS: 60 }, wiring: three, nowMs: 0 };
  const able = { unit: "A" as const, mostStackLevel: 0, mostPeriods: 1 };
  expect(() => profilesOf({ ...given, abilities: able })).toThrow(
    expect.objectContaining({ code: "device-not-following" }) as Error,
  );
  expect(profilesOf({ ...given, abilities: { ...able, mostPeriods: 2 } })).toHaveLength(1);
  expect(profilesOf({ ...given, abilities: { ...able, mostStackLevel: 1 } }).map(({ stackLevel }) => stackLevel)).toEqual([0, 1]);
});
